"""Rules, gold, skill, flags and consequences, for those who keep the game fair."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from sticktionary.domain import rules
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.outcome import texts_of
from sticktionary.domain.quality import difficulty, gold, overview, rulebook, skill, weights
from sticktionary.domain.quality.hidden_arm import Effect
from sticktionary.domain.quality.skill import Belief
from sticktionary.models import Gold, PlayerQuality
from sticktionary.models.players import Language
from sticktionary.web.intervals import Bar, bar, gap, percent
from sticktionary.web.workbench import allowed, player_of, show

PER_PAGE = 50
SHARES = {
    "found": gettext_lazy("Lookups that found the sticker"),
    "at_once": gettext_lazy("at the first try"),
    "agreed": gettext_lazy("Rounds on which all retrievers agreed"),
    "rightly_none": gettext_lazy("Rightly “none of these”, where the sticker was left out"),
    "gold": gettext_lazy("Gold rounds passed"),
}
MEASURES = {
    "found": gettext_lazy("Lookups that found the sticker"),
    "n_queries": gettext_lazy("Queries on the page"),
    "length": gettext_lazy("Characters per query"),
    "seconds": gettext_lazy("Seconds to write the page"),
    "novelty": gettext_lazy("Novelty, from 0.5 to 1.5"),
    "known": gettext_lazy("Queries in words that results show: known of another sticker before"),
}
IN_PERCENT = {"found", "known"}
VERDICTS = {
    "too_few": gettext_lazy("too few to tell"),
    "unseen": gettext_lazy("no difference seen"),
    "more": gettext_lazy("more when hidden"),
    "less": gettext_lazy("less when hidden"),
}
ORDERS = {"weight": ("weight", "find_skill"), "finding": ("-find_skill",), "writing": ("-label_skill",)}


@require_GET
@allowed("view_flag")
def home(request: HttpRequest) -> HttpResponse:
    tables = [(language, _language(language)) for language in Language]
    rule = rules.current()
    context: dict[str, Any] = {"here": "overview", "tables": tables, "days": overview.DAYS, "rules": rule}
    context["hidden_share"] = percent(rule.hidden_share)
    return show(request, "quality", "quality", context)


def _language(language: str) -> dict[str, Any] | None:
    held = overview.of(language)
    if held is None:
        return None
    shares = [(SHARES[name], share, bar(share.value, share.low, share.high)) for name, share in held.shares.items()]
    return {"shares": shares, "effects": [_effect(effect) for effect in held.effects], "counted_at": held.counted_at}


def _effect(effect: Effect) -> dict[str, Any]:
    numbers = (effect.shown, effect.hidden, effect.difference, effect.low, effect.high)
    told = [_told(number, in_percent=effect.measure in IN_PERCENT) for number in numbers]
    return {
        "label": MEASURES[effect.measure],
        "effect": effect,
        "verdict": VERDICTS[effect.verdict],
        "numbers": dict(zip(("shown", "hidden", "difference", "low", "high"), told, strict=True)),
        "bar": _gap(effect),
    }


def _told(number: float | None, *, in_percent: bool) -> str:
    if number is None:
        return "–"
    return f"{100 * number:.1f} %" if in_percent else f"{number:.2f}"


def _gap(effect: Effect) -> Bar | None:
    """The difference against what is usual: half of it to the left and to the right."""
    if effect.difference is None or effect.low is None or effect.high is None or not effect.shown:
        return None
    most = abs(effect.shown) / 2
    return gap(effect.difference / most, effect.low / most, effect.high / most)


# --- rules ---


@require_http_methods(["GET", "POST"])
@allowed("view_flag")
def the_rules(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _rules_page(request, {}, "", 200)
    typed = {name: text for name, text in request.POST.items() if name in rules.Rules.__struct_fields__}
    why = request.POST.get("why", "")
    try:
        changes = {name: rulebook.parse(name, str(text)) for name, text in typed.items()}
        rules.change(actor=player_of(request), changes=changes, why=why)
    except RuleBroken as refusal:
        messages.error(request, refusal.message)
        return _rules_page(request, typed, why, 403 if refusal.code == "not_allowed" else 400)
    messages.success(request, _("These rules hold from the next page that is dealt."))
    return redirect("studio_quality_rules")


def _rules_page(request: HttpRequest, typed: dict[str, Any], why: str, status: int) -> HttpResponse:
    """What was typed stays in its fields until it fits."""
    held = rulebook.read()
    sections = [
        (rulebook.TITLES[title], [(rule, typed.get(rule.name, _as_typed(rule.value))) for rule in section])
        for title, section in held.items()
    ]
    context = {"here": "rules", "sections": sections, "why": why, "history": rulebook.history()}
    return show(request, "quality_rules", "quality", context, status)


def _as_typed(value: rulebook.Value) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" if value < 1e6 else str(value)


# --- gold, players, stickers ---


@require_GET
@allowed("view_flag")
def the_gold(request: HttpRequest) -> HttpResponse:
    page = Paginator(gold.shelf(), PER_PAGE).get_page(request.GET.get("page"))
    ids = [row.round_id for row in page]
    texts, tried = texts_of(ids), gold.tried(ids)
    rows = [_gold_row(row, texts[row.round_id], *tried.get(row.round_id, (0, 0))) for row in page]
    context = {"here": "gold", "page": page, "rows": rows, "tally": gold.tally(), "rules": rules.current()}
    return show(request, "quality_gold", "quality", context)


def _gold_row(row: Gold, texts: list[str], n_answers: int, n_passed: int) -> tuple[Any, ...]:
    return row, picture_of(row.round.sticker), texts, n_answers, _share(n_passed, n_answers)


def _share(n_hits: int, n: int) -> Bar | None:
    return bar(n_hits / n, *weights.wilson(n_hits, n)) if n else None


@require_GET
@allowed("view_flag")
def players(request: HttpRequest) -> HttpResponse:
    language, order = _chosen_language(request), request.GET.get("order", "weight")
    held = PlayerQuality.objects.filter(player__language=language).select_related("player")
    ordered: QuerySet[PlayerQuality] = held.order_by(*ORDERS.get(order, ORDERS["weight"]), "pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    counts = weights.weights_of([row.player_id for row in page])
    rows = [
        (
            row,
            _skill(row.find_skill, row.find_sd),
            _skill(row.label_skill, row.label_sd),
            _share(row.n_gold_passed, row.n_gold),
            counts[row.player_id],
        )
        for row in page
    ]
    context = {"here": "players", "page": page, "rows": rows, "language": language, "order": order}
    return show(request, "quality_players", "quality", context | _shared())


def _skill(mean: float, sd: float) -> Bar:
    """A skill as what it does: how often an average page is found."""
    belief = Belief(mean, sd)
    return bar(skill.p_find(mean), skill.p_find(belief.low), skill.p_find(belief.high))


@require_GET
@allowed("view_flag")
def stickers(request: HttpRequest) -> HttpResponse:
    language = _chosen_language(request)
    page = Paginator(difficulty.hardest(language), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(row, picture_of(row.sticker), bar(*difficulty.share_found(row))) for row in page]
    return show(
        request,
        "quality_stickers",
        "quality",
        {"here": "stickers", "page": page, "rows": rows, "language": language} | _shared(),
    )


def _chosen_language(request: HttpRequest) -> str:
    chosen = request.GET.get("language", "")
    return chosen if chosen in Language.values else player_of(request).language


def _shared() -> dict[str, Any]:
    return {"languages": Language.choices, "rules": rules.current()}


urlpatterns = [
    path("", home, name="studio_quality"),
    path("rules/", the_rules, name="studio_quality_rules"),
    path("gold/", the_gold, name="studio_quality_gold"),
    path("players/", players, name="studio_quality_players"),
    path("stickers/", stickers, name="studio_quality_stickers"),
]

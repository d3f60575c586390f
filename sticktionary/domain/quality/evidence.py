"""A flag's figures in plain words: for those who judge it, and in short for the player it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sticktionary.models import Flag

Kind = Flag.Kind
Figures = Mapping[str, Any]


def sentences(kind: str, figures: Figures) -> list[str]:
    """What was seen, and how likely it is for somebody honest."""
    said = [_SAYS[Kind(kind)](figures)]
    if "p" in figures:
        said.append(_likely(figures["p"]))
    if texts := figures.get("texts"):
        said.append(_("For example: %(texts)s") % {"texts": " · ".join(texts)})
    return said


def _likely(p: float) -> str:
    if p < 1e-9:
        return _("Among honest players this happens to fewer than one in a thousand million.")
    return _("Among honest players this happens to about one in %(n)s.") % {"n": f"{round(1 / p):,}"}


def _too_fast(of: Figures) -> str:
    return _(
        "%(n)s of %(of)s answers came faster than anybody can read and press; the middle one of these took "
        "%(median_s)s s."
    ) % dict(of)


def _burst(of: Figures) -> str:
    return _("%(n)s pages were finished within one minute; more than %(limit)s is beyond anybody.") % dict(of)


def _bot(of: Figures) -> str:
    said = {
        "metronome": _(
            "%(n)s answers took %(mean_s)s s each, all but equally: their spread is %(spread)s, people's is 0.3 to 0.8."
        ),
        "same_times": _(
            "Of %(n)s answers, %(same)s pairs took the same time to the hundredth of a second, of %(near)s pairs that "
            "were near."
        ),
        "sleepless": _("%(n)s pages in %(hours)s hours without a pause longer than %(pause_h)s hours."),
    }
    return said[of["pattern"]] % dict(of)


def _repeats(of: Figures) -> str:
    said = {
        "own": _(
            "“%(text)s”, or nearly that, was written for %(n_stickers)s stickers in %(n_rounds)s rounds; %(n_again)s "
            "of %(n_lines)s lines say again what was written before."
        ),
        "others": _(
            "%(n)s of %(of)s lines are lines that the player had read on other stickers' pages, and that others write "
            "for hardly any."
        ),
    }
    return said[of["pattern"]] % dict(of)


def _pasted(of: Figures) -> str:
    return _("%(n)s of %(of)s lines were pasted, as the page says.") % dict(of)


def _random(of: Figures) -> str:
    said = [_("%(n_found)s of %(n_lookups)s stickers found, where %(expected)s are expected.") % dict(of)]
    if of["n_tries"]:
        said.append(_("Others found %(n_tries_found)s of %(n_tries)s times from what this player wrote.") % dict(of))
    if of.get("n_habit"):
        habit = _("On %(n_habit)s of %(n_pages)s pages the first plates were pressed, or those of the page before.")
        said.append(habit % dict(of))
    if of.get("n_again"):
        said.append(
            _("%(n_again)s of %(n_rounds)s rounds hold only words written before for other stickers.") % dict(of)
        )
    return " ".join(said)


def _gold_failed(of: Figures) -> str:
    return _("%(n)s of %(of)s rounds that everybody finds were not found.") % dict(of)


def _pair(of: Figures) -> str:
    return _(
        "Of %(n)s rounds that one of the two wrote and the other looked up, %(n_found)s were found, where %(expected)s "
        "are expected of the two; others found the same rounds %(n_others_found)s of %(n_others)s times."
    ) % dict(of)


def _code_word(of: Figures) -> str:
    return f"{_pair(of)} {_('The words say nothing of the stickers.')}"


def _attempts(n: int) -> str:
    return ngettext(
        "It was tried on %(n)s page and refused.", "It was tried on %(n)s pages and refused.", n
    ) % {"n": n}  # fmt: skip


def _wording(of: Figures) -> str:
    if of["pattern"] == "attempts":
        return _attempts(of["n_pages"])
    if "word" in of:
        return _("“%(text)s” holds “%(word)s” of the list of abusive words.") % dict(of)
    return _("“%(text)s” got in, and would be refused today.") % dict(of)


_SAYS: dict[Kind, Callable[[Figures], str]] = {
    Kind.TOO_FAST: _too_fast,
    Kind.BURST: _burst,
    Kind.BOT: _bot,
    Kind.REPEATS: _repeats,
    Kind.PASTED: _pasted,
    Kind.RANDOM: _random,
    Kind.GOLD_FAILED: _gold_failed,
    Kind.COLLUSION: _pair,
    Kind.CODE_WORD: _code_word,
    Kind.WRONG_SCRIPT: _wording,
    Kind.CONTACT: _wording,
    Kind.ABUSIVE: _wording,
}


def to_player(flags: Sequence[Flag]) -> str:
    """What the player reads: what it was, not how it was noticed."""
    kinds = list(dict.fromkeys(flag.kind for flag in flags))
    return " ".join(dict.fromkeys(_told()[Kind(kind)] for kind in kinds))


def _told() -> dict[Kind, str]:
    pair = _("You and another player find each other's stickers far more often than your other play explains.")
    machine = _("Your answers come in a rhythm that people do not have.")
    return {
        Kind.TOO_FAST: _("Many of your answers came faster than anybody can read."),
        Kind.BURST: _("You finished more pages in a minute than anybody can read."),
        Kind.BOT: machine,
        Kind.REPEATS: _("You wrote the same words for many different stickers."),
        Kind.PASTED: _("Most of what you wrote was pasted."),
        Kind.RANDOM: _("Your answers look as if they were chosen without looking."),
        Kind.GOLD_FAILED: _("You missed stickers that everybody finds."),
        Kind.COLLUSION: pair,
        Kind.CODE_WORD: pair,
        Kind.WRONG_SCRIPT: _("You often write in another language than the one you play in."),
        Kind.CONTACT: _("You tried to write contact data."),
        Kind.ABUSIVE: _("You wrote words that hurt others."),
    }

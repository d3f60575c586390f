"""Places of chats at which players say which sticker they would send: which are open to whom, and how far each is
answered.

Only chats that somebody cleared for it. A place is where a sticker was sent after something was said. Nobody gets one
whose sticker they have seen: a page shows the stickers that were sent before its place, so within a session a player
goes only forward.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from retrieval_engine import taxonomy
from sticktionary.domain import rules
from sticktionary.domain.play import chance
from sticktionary.domain.quality import sanctions
from sticktionary.domain.reply_round import agreement, alike
from sticktionary.domain.reply_round.agreement import Kin, Said
from sticktionary.models import Annotation, Player, Reply, Sticker, Utterance

INTENTS = "goemotions-28"
LOOK_AT = 24  # places at a time
State = Reply.State


@dataclass
class Standing:
    """The replies at a place in their order, and what is under way there."""

    answered: list[Reply] = field(default_factory=list)  # gold ones aside: they are dealt when all is known
    n_leased: int = 0
    n_passed: int = 0  # a call of harm counts twice

    @property
    def n_places(self) -> int:
        """How many more may be dealt it now; none where so many passed that something is wrong with it."""
        rule = rules.current()
        if self.n_passed >= rule.halt_after_skips:
            return 0
        return max(0, rule.n_repliers - len(self.answered) - self.n_leased)


def standings(utterance_ids: Collection[int], now: datetime) -> dict[int, Standing]:
    """By place; leases that have lapsed hold nothing."""
    found: defaultdict[int, Standing] = defaultdict(Standing, {id: Standing() for id in utterance_ids})
    live = Q(state__in=[State.ANSWERED, State.PASSED]) | Q(state=State.DEALT, lease_until__gt=now)
    rows = Reply.objects.filter(live, utterance_id__in=utterance_ids, is_gold=False)
    for row in rows.select_related("player").order_by("answered_at", "pk"):
        standing = found[row.utterance_id]
        if row.state == State.ANSWERED:
            standing.answered.append(row)
        elif row.state == State.PASSED:
            standing.n_passed += 2 if row.why == Reply.Why.HARMFUL else 1
        else:
            standing.n_leased += 1
    return found


def standing_of(utterance_id: int) -> Standing:
    return standings([utterance_id], timezone.now())[utterance_id]


def n_repliers() -> int:
    return rules.current().n_repliers


def there_are_any(language: str) -> bool:
    """Whether players of this language are asked for replies at all."""
    return bool(rules.current().n_reply_pages) and _asked(language).exists()


def open_to(player: Player) -> QuerySet[Utterance]:
    """The places that a player may still be dealt, however many others have answered there."""
    had = Reply.objects.filter(player=player).exclude(state=State.LAPSED)
    annotated = Annotation.objects.filter(player=player).exclude(state=Annotation.State.LAPSED)
    of_session = {"utterance__session": OuterRef("session")}
    seen = had.filter(**of_session, utterance__number__gte=OuterRef("number"))
    told = annotated.filter(**of_session, utterance__number__gte=OuterRef("number"))
    return _asked(player.language).exclude(Exists(seen)).exclude(Exists(told))


def _asked(language: str) -> QuerySet[Utterance]:
    of_chat = {
        "session__conversation__is_active": True,
        "session__conversation__takes_replies": True,
        "session__conversation__language": language,
    }
    sent = {"sticker__state": Sticker.State.ACTIVE, "sticker__pack__is_active": True}
    return Utterance.objects.filter(number__gt=1, **of_chat, **sent)


def is_asked(utterance: Utterance) -> bool:
    """Whether its chat may be shown now."""
    return _asked(utterance.session.conversation.language).filter(pk=utterance.pk).exists()


def next_place(player: Player) -> tuple[Utterance, bool] | None:
    """A place for a player, locked, and whether it is gold; rather one that others have begun, the most answered first:
    so agreement is known soon."""
    if _gold_is_due(player) and (gold := _gold(player)) is not None:
        return gold, True
    for ids in _batches(player):
        now = timezone.now()
        held = standings(ids, now)
        free = [id for id in ids if held[id].n_places]
        for id in sorted(free, key=lambda id: -len(held[id].answered)):
            if (place := _locked(id)) is not None and standings([id], timezone.now())[id].n_places:
                return place, False
    return None


def lock(utterance_id: int) -> Utterance:
    """Who answers second sees the first answer."""
    return Utterance.objects.select_for_update(no_key=True, of=("self",)).get(pk=utterance_id)


def _locked(utterance_id: int) -> Utterance | None:
    """Two players may look at the same place at once; the one who locks it counts again."""
    free = Utterance.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return free.filter(pk=utterance_id).select_related("session__conversation").first()


def _batches(player: Player) -> Iterator[list[int]]:
    """Those that others have begun lately, then from anywhere on and round again: to shuffle all takes the database as
    long as there are many."""
    open_ = open_to(player)
    begun = Reply.objects.filter(state=State.ANSWERED, is_gold=False, language=player.language, utterance__in=open_)
    counts = begun.order_by().values("utterance").annotate(n=Count("pk"), last=Max("pk")).filter(n__lt=n_repliers())
    lately = list(counts.order_by("-last").values_list("utterance", flat=True)[: 5 * LOOK_AT])
    for start in range(0, len(lately), LOOK_AT):
        yield lately[start : start + LOOK_AT]
    newest = open_.aggregate(last=Max("session"))["last"] or 0
    middle = chance.dice.randint(0, newest)
    for part in (open_.filter(session__gt=middle), open_.filter(session__lte=middle)):
        yield from _one_after_another(part)


def _one_after_another(places: QuerySet[Utterance]) -> Iterator[list[int]]:
    """Sessions in no order; in each the earliest place first, since a later one takes the earlier ones away."""
    last = 0
    while rows := list(places.filter(pk__gt=last).order_by("pk").values_list("pk", "session")[:LOOK_AT]):
        sessions = list(dict.fromkeys(session for _id, session in rows))
        chance.dice.shuffle(sessions)
        yield [id for chosen in sessions for id, session in rows if session == chosen]
        last = rows[-1][0]


# --- what was said at a place ---


def kind_of(intent: str) -> str:
    """The coarse label of an intent; empty for one that is not in the set."""
    label = taxonomy.load(INTENTS).labels.get(intent)
    return (label.parent or "") if label else ""


def said_at(rows: Collection[Reply], *more: int | None) -> tuple[dict[int, Said], dict[int, Kin]]:
    """By reply what it says, and what of its stickers counts as the same; also of `more` stickers."""
    kin = alike.kin_of(alike.named_in(rows) | {id for id in more if id is not None})
    return {row.pk: alike.said_by(row, kin, kind_of(row.intent)) for row in rows}, kin


def others_of(row: Reply) -> list[Reply]:
    """The replies of other people at the same place that count, in their order; as many as an ordinary page has, also
    for a gold one."""
    left_out = sanctions.excluded_players()
    rows = [
        other
        for other in standing_of(row.utterance_id).answered
        if other.pk != row.pk and other.player_id not in left_out
    ]
    return rows[: n_repliers() - 1]


# --- gold: places where it is beyond doubt what people send ---


def _gold_is_due(player: Player) -> bool:
    """By chance, as for lookups: a player who could count would know."""
    rule = rules.current()
    is_new = player.replies.filter(state=State.ANSWERED).count() < rule.gold_first
    one_in = rule.gold_every_first if is_new else rule.gold_every
    return bool(one_in) and chance.happens(1 / one_in)


def _gold(player: Player) -> Utterance | None:
    """One of the places with all their answers, of which at least three are the same."""
    rule = rules.current()
    ordinary = Q(replies__state=State.ANSWERED, replies__is_gold=False)
    full = open_to(player).annotate(n=Count("replies", filter=ordinary)).filter(n__gte=rule.n_repliers)
    ids = list(full.order_by("?").values_list("pk", flat=True)[:LOOK_AT])
    held = standings(ids, timezone.now())
    for id in ids:
        if held[id].n_passed < rule.halt_after_skips and wanted(held[id].answered):
            return _locked(id)
    return None


def wanted(rows: Collection[Reply]) -> list[Kin]:
    """What people send beyond doubt where these replies stand; nothing while there is doubt."""
    said, kin = said_at(rows)
    return [kin[id] for id in agreement.clear(kin, list(said.values()))]

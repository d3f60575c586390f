"""Two rounds before the first real one, on the house's material and with known answers: one to look up, one to write,
which the machine looks up and says so. Nobody waits for them and they prove nothing."""

from __future__ import annotations

from django.db.models import Count, QuerySet
from django.utils import timezone

from sticktionary.domain.play import candidates
from sticktionary.domain.play.outcome import live_queries
from sticktionary.domain.play.turns import LEASE
from sticktionary.models import Player, Query, Retrieval, Round, Skip, Sticker, Turn

N_PAGES = 2
_FEWEST_QUERIES = 3


def round_to_find(player: Player) -> tuple[Round, Retrieval] | None:
    """A copy of a house round that says enough to be found, among candidates that are easy to tell apart."""
    house = _house(player).annotate(n=Count("queries")).filter(n__gte=_FEWEST_QUERIES).order_by("?").first()
    if house is None:
        return None
    texts = list(live_queries(house.pk).values_list("text", flat=True))
    shown, _ = candidates.draw(house.sticker, texts, player.pk, may_be_absent=False, hard=False)
    if not shown:
        return None
    copy = _round(player, house.sticker, labeler=None)
    Query.objects.bulk_create(
        Query(round=copy, text=query.text, normalised=query.normalised, position=number, added_at=copy.dealt_at)
        for number, query in enumerate(live_queries(house.pk), start=1)
    )
    now = timezone.now()
    retrieval = Retrieval.objects.create(
        round=copy, player=player, candidates=shown, dealt_at=now, lease_until=now + LEASE
    )
    return copy, retrieval


def round_to_write(player: Player) -> Round | None:
    house = _house(player).order_by("?").first()
    return _round(player, house.sticker, labeler=player) if house else None


def machine_retrieval(round_: Round, player: Player) -> Retrieval | None:
    """The machine's side of a practice round that was written."""
    texts = list(live_queries(round_.pk).values_list("text", flat=True))
    shown, _ = candidates.draw(round_.sticker, texts, player.pk, may_be_absent=False)
    if not shown:
        return None
    now = timezone.now()
    return Retrieval.objects.create(
        round=round_, player=None, state=Retrieval.State.ANSWERED, candidates=shown,
        dealt_at=now, lease_until=now, answered_at=now,
    )  # fmt: skip


def page_of(number: int) -> Turn.Role:
    return Turn.Role.RETRIEVER if number == 1 else Turn.Role.LABELER


def _house(player: Player) -> QuerySet[Round]:
    seen = Turn.objects.filter(sitting__player=player).values("round__sticker_id")
    return (
        Round.objects.filter(source=Round.Source.HOUSE, language=player.language)
        .filter(sticker__state=Sticker.State.ACTIVE, sticker__pack__is_active=True)
        .exclude(sticker_id__in=seen)
        .exclude(sticker_id__in=Skip.objects.filter(player=player).values("sticker_id"))
        .select_related("sticker")
    )


def _round(player: Player, sticker: Sticker, labeler: Player | None) -> Round:
    now = timezone.now()
    return Round.objects.create(
        sticker=sticker,
        language=player.language,
        source=Round.Source.PRACTICE,
        state=Round.State.LABELLING if labeler else Round.State.OPEN,
        labeler=labeler,
        dealt_at=now,
        lease_until=now + LEASE if labeler else None,
        submitted_at=None if labeler else now,
    )

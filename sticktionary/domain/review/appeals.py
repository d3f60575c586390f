"""A player against a verdict: a round that was discarded, or a sanction in force. Once each, in their own words."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play import contact
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.review import casework
from sticktionary.models import AuditEntry, Case, Judgement, Player, Round, Sanction

LONGEST = 500
MOST_SHOWN = 100


@transaction.atomic
def appeal(*, player_id: int, words: str, round_id: int | None = None, sanction_id: int | None = None) -> Case:
    """Have a person look again at a discarded round of one's own, or at a sanction that holds."""
    player = Player.objects.select_for_update(no_key=True).get(pk=player_id)
    words = _checked(words)
    if round_id is not None:
        _require_discarded(player, round_id)
    else:
        _require_in_force(player, sanction_id)
    if Case.objects.filter(_made(), player=player, round=round_id, sanction=sanction_id).exists():
        raise Refused("appealed", _("You have appealed against this already. One appeal is heard, by a person."))
    case = casework.open_case(
        kind=Case.Kind.APPEAL,
        player_id=player_id,
        round_id=round_id,
        sanction_id=sanction_id,
        words=words,
        language=player.language,
    )
    assert case is not None, "appeals are always heard, and there was none"
    AuditEntry.objects.create(actor=player, verb="appeal", subject=f"case {case.pk}")
    return case


def _made() -> Q:
    return Q(kind=Case.Kind.APPEAL)


def _checked(words: str) -> str:
    words = words.strip()
    if not words:
        raise Refused("empty", _("Say in a sentence or two why it should be looked at again."))
    if len(words) > LONGEST:
        raise Refused("too_long", _("That is longer than 500 characters. Say it more briefly."))
    if contact.holds_contact_data(unicodedata.normalize("NFKC", words)):
        raise Refused("contact", _("Leave out addresses, numbers and names of accounts; none is needed to be heard."))
    return words


def _require_discarded(player: Player, round_id: int) -> None:
    if not Round.objects.filter(pk=round_id, labeler=player, state=Round.State.DISCARDED).exists():
        raise Refused("not_discarded", _("Only a round of yours that a reviewer left out can be appealed."))


def _require_in_force(player: Player, sanction_id: int | None) -> None:
    if not Sanction.objects.filter(pk=sanction_id or 0, player=player, lifted_at=None).exists():
        raise Refused("not_in_force", _("This no longer holds; there is nothing to appeal."))


# --- what a player sees of it ---


@dataclass(frozen=True)
class Heard:
    """An appeal and what came of it. Never who decided."""

    at: datetime
    words: str
    sanction: Sanction | None
    picture: Picture | None
    texts: list[str]
    verdict: str  # uphold, reject; empty while it is open
    why: str


def made_by(player_id: int) -> list[Heard]:
    cases = Case.objects.filter(_made(), player_id=player_id).select_related("sanction", "round__sticker")
    cases = cases.prefetch_related("round__queries", "judgements")
    return [_heard(case) for case in cases.order_by("-pk")[:MOST_SHOWN]]


def _heard(case: Case) -> Heard:
    judgement = in_force(case)
    return Heard(
        at=case.opened_at,
        words=case.words,
        sanction=case.sanction,
        picture=picture_of(case.round.sticker) if case.round else None,
        texts=[query.text for query in case.round.queries.all() if not query.removed_at] if case.round else [],
        verdict=judgement.verdict if judgement else "",
        why=judgement.why if judgement else "",
    )


def in_force(case: Case) -> Judgement | None:
    """The verdict that holds, from judgements already read."""
    return next((judgement for judgement in case.judgements.all() if judgement.undone_at is None), None)


@dataclass(frozen=True)
class Held:
    """A sanction that holds, and whether it can still be appealed."""

    sanction: Sanction
    may_appeal: bool


def in_force_on(player_id: int) -> list[Held]:
    held = Sanction.objects.filter(player_id=player_id, lifted_at=None).order_by("-at")
    appealed = set(Case.objects.filter(_made(), player=player_id).values_list("sanction", flat=True))
    return [Held(sanction, sanction.pk not in appealed) for sanction in held]


def why_discarded(round_id: int) -> str:
    discards = Judgement.objects.filter(case__round=round_id, verdict=Judgement.Verdict.DISCARD, undone_at=None)
    return discards.order_by("-pk").values_list("why", flat=True).first() or ""

"""Flags: something that looked wrong, with its evidence. They accuse nobody until a person has looked.

`sweep` looks at those who played since the last time, `sweep_pairs` at who meets whom. A flag has a key, so that the
same thing is flagged once; once a person has decided, only what was played since can raise the same kind again, of a
player and of a pair. Who cannot be looked at does not keep the others from it (`looking`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.quality import collusion, consequences, facts, looking, patterns, wording
from sticktionary.domain.quality.collusion import Pair, Suspicion
from sticktionary.domain.quality.traces import Finding, Play
from sticktionary.domain.review import casework
from sticktionary.models import AuditEntry, Case, Flag, Player, Watermark

Kind, State = Flag.Kind, Flag.State
OF_PLAYERS = {
    Kind.TOO_FAST, Kind.REPEATS, Kind.PASTED, Kind.CODE_WORD, Kind.COLLUSION,
    Kind.BURST, Kind.BOT, Kind.GOLD_FAILED, Kind.RANDOM,
}  # fmt: skip
OF_PAIRS = {Kind.CODE_WORD, Kind.COLLUSION}
OVERLAP = timedelta(minutes=2)  # moves that were under way while the last sweep looked


@transaction.atomic
def raise_flag(
    *,
    kind: str,
    player_id: int,
    key: str,
    evidence: dict[str, Any],
    partner_id: int | None = None,
    round_id: int | None = None,
    query_id: int | None = None,
    retrieval_id: int | None = None,
) -> Flag | None:
    """Raise a flag once; None when the same thing was flagged before, whatever became of it. A person is asked about
    its round, if it has one."""
    flag, is_new = Flag.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "player_id": player_id,
            "partner_id": partner_id,
            "round_id": round_id,
            "query_id": query_id,
            "retrieval_id": retrieval_id,
            "evidence": evidence,
            "at": timezone.now(),
        },
    )
    if not is_new:
        return None
    if round_id is not None:
        casework.open_case(kind=Case.Kind.FLAGGED, round_id=round_id, reasons=[kind])
    return flag


@transaction.atomic
def decide(*, actor: Player, flag_id: int, state: str) -> Flag:
    """A person's word on a flag; it may be changed. Consequences that came by themselves follow it."""
    accounts.require(actor, "moderate")
    if state not in State.values:
        raise Refused("no_such_state", _("Uphold it, dismiss it, or leave it open."))
    flag = Flag.objects.select_for_update(of=("self",)).get(pk=flag_id)
    if actor.pk == flag.player_id:
        raise Refused("own_account", _("Somebody else has to judge you."))
    if flag.state == state:
        return flag
    before, flag.state = flag.state, state
    flag.decided_at, flag.decided_by = (None, None) if state == State.OPEN else (timezone.now(), actor)
    flag.save(update_fields=["state", "decided_at", "decided_by"])
    detail = {"flag": flag.pk, "kind": flag.kind, "from": before, "to": state}
    AuditEntry.objects.create(actor=actor, verb="decide_flag", subject=f"player {flag.player_id}", detail=detail)
    consequences.follow(flag.player_id)
    return flag


@transaction.atomic
def look_for(word: str) -> int:
    """Flag what holds a word that has just come to the lists; the number of new flags."""
    claims = [claim for query in wording.holding(word) if (claim := wording.claim_against(query))]
    return sum(raise_flag(**claim) is not None for claim in claims)


# --- looking ---


def sweep() -> int:
    """Look at those who played since the last time; answers with the number of new flags."""
    now = timezone.now()
    since = Watermark.objects.filter(name="flags").values_list("until", flat=True).first()
    n_new = 0
    for player_id in sorted(facts.players_since(since and since - OVERLAP) | looking.again()):
        with looking.survived(player_id, looking.What.PLAY):
            n_new += look_at(player_id)
    Watermark.objects.update_or_create(name="flags", defaults={"until": now})
    return n_new


@transaction.atomic
def look_at(player_id: int) -> int:
    """Test one player's latest play; the number of new flags. One look at a time."""
    player = Player.objects.select_for_update(no_key=True).filter(pk=player_id, is_active=True).first()
    if player is None:
        return 0
    rulings = _rulings(player_id)
    play = facts.play_of(player_id)
    found = [
        finding
        for test in patterns.TESTS
        if (finding := test(play)) and (finding := _since_ruling(test, play, finding, rulings))
    ]
    found += wording.attempts(player_id, {kind: at for kind, (_, at) in rulings.items()})
    new = [_raise(player_id, finding, rulings) for finding in found]
    new += [raise_flag(**claim) for claim in wording.slipped_through(player_id)]
    if Flag.objects.filter(player_id=player_id).exists():  # also of those that were raised when it was too early
        consequences.follow(player_id)
    return sum(flag is not None for flag in new)


def _rulings(player_id: int) -> dict[str, tuple[int, datetime]]:
    """The last decided flag of each kind, and when it was decided."""
    decided = Flag.objects.filter(player_id=player_id, decided_at__isnull=False, round=None).order_by("decided_at")
    return {flag.kind: (flag.pk, flag.decided_at) for flag in decided if flag.decided_at}


def _since_ruling(
    test: patterns.Test, play: Play, finding: Finding, rulings: dict[str, tuple[int, datetime]]
) -> Finding | None:
    """The same test on what was played since a person decided on this kind."""
    if finding.kind not in rulings:
        return finding
    return test(since(play, rulings[finding.kind][1].timestamp()))


def since(play: Play, at: float) -> Play:
    return replace(
        play,
        is_whole=False,
        lookups=[lookup for lookup in play.lookups if lookup.at > at],
        rounds=[round_ for round_ in play.rounds if round_.at > at],
    )


def _raise(player_id: int, finding: Finding, rulings: dict[str, tuple[int, datetime]]) -> Flag | None:
    key = f"{finding.kind}:{player_id}:{rulings.get(finding.kind, (0, None))[0]}"
    return raise_flag(kind=finding.kind, player_id=player_id, key=key, evidence=finding.evidence)


def sweep_pairs() -> int:
    """Look at who meets whom; both of a pair that agrees above chance are flagged."""
    ruled = _rulings_on_pairs()
    met = [each for each in facts.meetings(timezone.now()) if each.pair not in ruled or each.at > ruled[each.pair][1]]
    looking.forget(looking.What.PAIRS)
    n_new = 0
    for suspicion in collusion.suspicions(met):
        with looking.survived(suspicion.pair[0], looking.What.PAIRS):
            n_new += _accuse(suspicion, ruled.get(suspicion.pair, (0, 0.0))[0])
    return n_new


def _rulings_on_pairs() -> dict[Pair, tuple[int, float]]:
    """The last decided flag on each pair, and when it was decided: what they played before says no more."""
    decided = Flag.objects.filter(kind__in=OF_PAIRS, decided_at__isnull=False, partner__isnull=False)
    rows = decided.order_by("decided_at", "pk").values_list("player_id", "partner_id", "pk", "decided_at")
    return {(min(one, other), max(one, other)): (pk, at.timestamp()) for one, other, pk, at in rows if other and at}


@transaction.atomic
def _accuse(suspicion: Suspicion, ruling: int) -> int:
    kind = Kind.CODE_WORD if suspicion.is_code else Kind.COLLUSION
    key = "pair:{}:{}".format(*suspicion.pair)
    new = 0
    for player_id, partner_id in (suspicion.pair, suspicion.pair[::-1]):
        if _is_accused(player_id, partner_id):
            continue
        flag = raise_flag(
            kind=kind,
            player_id=player_id,
            partner_id=partner_id,
            key=f"{key}:{player_id}" + (f":{ruling}" if ruling else ""),
            evidence=_evidence(suspicion),
        )
        new += flag is not None
    if new:
        _ask_about(suspicion.rounds, kind)
        for player_id in sorted(suspicion.pair):
            consequences.follow(player_id)
    return new


def _is_accused(player_id: int, partner_id: int) -> bool:
    """Nobody has decided yet on what was seen before."""
    held = Flag.objects.filter(player_id=player_id, partner_id=partner_id, kind__in=OF_PAIRS, state=State.OPEN)
    return held.exists()


def _evidence(suspicion: Suspicion) -> dict[str, Any]:
    return {
        "n_found": suspicion.n_found,
        "n": suspicion.n,
        "expected": suspicion.expected,
        "n_others_found": suspicion.n_others_found,
        "n_others": suspicion.n_others,
        "p": suspicion.p,
        "texts": wording.examples(suspicion.rounds),
    }


def _ask_about(round_ids: Iterable[int], kind: str) -> None:
    """What such a pair proved to each other, a person looks at."""
    for round_id in round_ids:
        casework.open_case(kind=Case.Kind.FLAGGED, round_id=round_id, reasons=[kind])

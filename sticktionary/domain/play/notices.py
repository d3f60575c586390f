"""What a player hears of later: what became of the words they wrote. At once over the socket, or when they are back."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sticktionary.domain.events import announce
from sticktionary.domain.prepared import prepared
from sticktionary.models import Judgement, Notice, Reply, Retrieval, Round, Sanction

MOST_SHOWN = 20


def outcome(round_: Round, retrieval: Retrieval, n_points: int) -> None:
    """Tell the labeler of a retriever's answer. That a suggestion was missed is no news: its author may be wrong."""
    kind = "found" if retrieval.rank else "not_found"
    if round_.source == Round.Source.SUGGESTION:
        kind = "suggestion_found"
    if round_.labeler_id is None or (kind == "suggestion_found" and not retrieval.rank):
        return
    Notice.objects.get_or_create(
        key=f"outcome:{retrieval.pk}",
        defaults={
            "player_id": round_.labeler_id,
            "kind": kind,
            "payload": {"retrieval": retrieval.pk, "n_points": n_points},
        },
    )
    announce(round_.labeler_id)


def replied(row: Reply, other: Reply, n_points: int) -> None:
    """Tell who replied to a chat that somebody else would send the same sticker, or one they named as well."""
    if row.player_id is None:
        return
    name = other.player.name if other.player else ""
    Notice.objects.get_or_create(
        key=f"reply:{row.pk}:{other.pk}",
        defaults={
            "player_id": row.player_id,
            "kind": "reply",
            "payload": {"reply": row.pk, "sticker": row.pick_id, "name": name, "n_points": n_points},
        },
    )


def sanctioned(sanction: Sanction) -> None:
    """Tell a player of a consequence, or that it has ended, with the reason."""
    is_over = sanction.lifted_at is not None
    Notice.objects.get_or_create(
        key=f"sanction:{sanction.pk}:{'lifted' if is_over else 'imposed'}",
        defaults={
            "player_id": sanction.player_id,
            "kind": "sanction",
            "payload": {
                "sanction": sanction.pk,
                "step": sanction.step,
                "is_over": is_over,
                "why": sanction.why_lifted if is_over else sanction.reason,
            },
        },
    )
    announce(sanction.player_id)


def judged(judgement: Judgement, player_id: int | None, kind: str, *, query: str = "", n_points: int = 0) -> None:
    """Tell who wrote the words, or who appealed, of a reviewer's verdict; kinds as in `_judged`."""
    if player_id is None:
        return
    payload = {"round": judgement.case.round_id, "query": query, "n_points": n_points, "why": judgement.why}
    Notice.objects.get_or_create(
        key=f"judged:{judgement.pk}", defaults={"player_id": player_id, "kind": kind, "payload": payload}
    )
    announce(player_id)


def unjudged(judgement: Judgement) -> None:
    """A verdict was taken back: who has not heard of it never does, who has is told."""
    notice = Notice.objects.filter(key=f"judged:{judgement.pk}").first()
    if notice is None:
        return
    if notice.seen_at is None:
        notice.delete()
    else:
        payload = notice.payload | {"n_points": -notice.payload["n_points"]}
        key = f"unjudged:{judgement.pk}"
        Notice.objects.create(player_id=notice.player_id, kind="reconsidered", payload=payload, key=key)
    announce(notice.player_id)


def sentence(notice: Notice) -> str:
    """What is said of a notice that tells of no retriever; empty for the others."""
    if said := _judged().get(notice.kind):
        why = notice.payload["why"]
        told = said % {"query": notice.payload["query"]}
        return told + " " + _("The reason: %(why)s") % {"why": why} if why else told
    if notice.kind == "reply":
        name = notice.payload["name"] or _("Somebody")
        return _("%(name)s would send this to a chat as well.") % {"name": name}
    if notice.kind == "trained":
        return trained(notice.payload["n"])
    if notice.kind != "sanction":
        return ""
    of_step = _ended() if notice.payload["is_over"] else _imposed()
    return of_step[notice.payload["step"]] % {"why": notice.payload["why"]}


def trained(n: int) -> str:
    return ngettext(
        "One of your queries helped train the model that is live now.",
        "%(n)s of your queries helped train the model that is live now.",
        n,
    ) % {"n": n}


def _judged() -> dict[str, str]:
    return {
        "accepted": _("A reviewer accepted your words “%(query)s”: what others picked for them comes close."),
        "corrected": _("A reviewer accepted your words “%(query)s” and mended them."),
        "discarded": _("A reviewer left out your words “%(query)s”. If that is wrong, appeal under “My rounds”."),
        "appeal_upheld": _("Your appeal was granted: your words “%(query)s” count."),
        "appeal_rejected": _("Your appeal was turned down."),
        "reconsidered": _("A reviewer took back what was decided about your words “%(query)s”."),
    }


def _imposed() -> dict[str, str]:
    return {
        Sanction.Step.WEIGHT: _("For now your answers count less towards the dictionary. The reason: %(why)s"),
        Sanction.Step.OFF_BOARD: _("For now you are not shown on the boards. The reason: %(why)s"),
        Sanction.Step.BLOCKED: _("Your account is blocked. The reason: %(why)s"),
        Sanction.Step.EXCLUDED: _("What you played is left out of the datasets. The reason: %(why)s"),
    }


def _ended() -> dict[str, str]:
    return {
        Sanction.Step.WEIGHT: _("Your answers count in full again. The reason: %(why)s"),
        Sanction.Step.OFF_BOARD: _("You are shown on the boards again. The reason: %(why)s"),
        Sanction.Step.BLOCKED: _("Your account is no longer blocked. The reason: %(why)s"),
        Sanction.Step.EXCLUDED: _("What you played belongs to the datasets again. The reason: %(why)s"),
    }


def seen(*, player_id: int, upto: int) -> None:
    """Not told again: the player's notices up to this one."""
    Notice.objects.filter(player_id=player_id, pk__lte=upto, seen_at=None).update(seen_at=timezone.now())
    announce(player_id)


def unseen(player_id: int) -> list[Notice]:
    return _unseen(player_id)[::-1]


@prepared
def _unseen(player_id: int) -> QuerySet[Notice]:
    return Notice.objects.filter(player_id=player_id, seen_at=None).order_by("-pk")[:MOST_SHOWN]

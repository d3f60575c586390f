"""Play as rows, put there in an order and at times of the test's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from retrieval_engine.text import normalise
from sticktionary.domain import jobs
from sticktionary.domain.releases import asking, freezing
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.models import Consent, Player, Query, Release, Retrieval, Round, Sticker

_names = count(1)
BEFORE = timedelta(hours=2)


def player(*, consent: bool = True, at: datetime | None = None, **fields: Any) -> Player:
    made = Player.objects.create(username=f"player-{next(_names)}", **fields)
    if consent:
        given = Consent.objects.create(player=made, version="2026-11", language=made.language, text_sha256="0" * 64)
        Consent.objects.filter(pk=given.pk).update(given_at=at or timezone.now() - timedelta(days=1))
    return made


def written(
    sticker: Sticker,
    labeler: Player | None,
    *texts: str,
    language: str = "en",
    source: str = "play",
    at: datetime | None = None,
    **fields: Any,
) -> Round:
    at = at or timezone.now() - BEFORE
    round_ = Round.objects.create(
        sticker=sticker,
        language=language,
        source=source,
        state=fields.pop("state", Round.State.OPEN),
        labeler=labeler,
        dealt_at=at,
        submitted_at=at,
        **fields,
    )
    for place, text in enumerate(texts, 1):
        Query.objects.create(round=round_, text=text, normalised=normalise(text), position=place, added_at=at)
    return round_


def looked_up(
    round_: Round,
    retriever: Player | None,
    rank: int = 1,
    *,
    at: datetime | None = None,
    others: Sequence[Sticker] = (),
    **fields: Any,
) -> Retrieval:
    at = at or timezone.now() - BEFORE
    wrong = [sticker.pk for sticker in others if sticker.pk != round_.sticker_id]
    picks = [*wrong[: rank - 1], round_.sticker_id] if rank else wrong[:1]
    return Retrieval.objects.create(
        round=round_,
        player=retriever,
        state=Retrieval.State.ANSWERED,
        candidates=[*wrong, round_.sticker_id],
        dealt_at=at,
        lease_until=at + timedelta(minutes=10),
        answered_at=at,
        picks=picks,
        none_of_these=not picks,
        rank=rank,
        **fields,
    )


def asked(publisher: Player | None, **rules: Any) -> Release:
    return asking.ask(actor=publisher, title="Test", rules=asking.rules_from(rules), queue=False)


def carried_out(release: Release) -> Release:
    assert jobs.carry_out(Release, release.pk, freezing.run)
    release.refresh_from_db()
    return release


def frozen(publisher: Player | None, **rules: Any) -> Release:
    release = carried_out(asked(publisher, **rules))
    assert (release.state, release.error) == ("done", "")
    return release


__all__ = ["ReleaseRules", "asked", "carried_out", "frozen", "looked_up", "player", "written"]

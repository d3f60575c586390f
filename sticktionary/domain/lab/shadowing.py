"""A candidate beside the live model: what it would have shown for real previews and picked in real rounds is written
down, and never seen by players. It costs them nothing: it has one thread, a short queue, and no second try."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import BoundedSemaphore

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import promotion, registry
from sticktionary.domain.lab.registry import BUSY, Kind, Stage
from sticktionary.domain.people import accounts
from sticktionary.domain.play import chance
from sticktionary.domain.search.live import catalogue_search
from sticktionary.domain.search.shelves import Found
from sticktionary.models import AuditEntry, ModelVersion, Player, Round, ShadowLook

SHARE = 0.25  # of the previews; of the machine's rounds all
N_WAITING = 8  # looks; what comes on top is dropped
N_FIRST = 10  # hits that are compared
FORGOTTEN_AFTER = timedelta(days=90)
LOOKER = ThreadPoolExecutor(1, thread_name_prefix="shadow")

log = logging.getLogger(__name__)


_places = BoundedSemaphore(N_WAITING)
_looks: deque[tuple[str, ShadowLook]] = deque(maxlen=1_000)  # by the name of the model, to be written down


# --- verbs ---


@transaction.atomic
def shadow(*, actor: Player | None, version: ModelVersion, queue: bool = True) -> ModelVersion:
    """Let a candidate run beside the live model, in the place of any other, once it has embedded the catalogue."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    of_kind = registry.of_kind_locked(version.kind)
    held = next(other for other in of_kind if other.pk == version.pk)
    if held.kind != Kind.RETRIEVAL or held.stage in {Stage.CHAMPION, Stage.REJECTED} or not held.path:
        raise Refused("no_candidate", _("Only a retrieval model that is not live can run beside the live one."))
    if held.state in BUSY:
        raise Refused("busy", _("Something is being done with this model just now. Wait for its end, or cancel it."))
    _end(of_kind)
    held.is_shadow = True
    promotion.make_ready(held, queue=queue)
    AuditEntry.objects.create(actor=actor, verb="shadow_model", subject=held.name)
    return held


@transaction.atomic
def stop(*, actor: Player | None) -> None:
    """Let nothing run beside the live model any more."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    for version in _end(registry.of_kind_locked(Kind.RETRIEVAL)):
        AuditEntry.objects.create(actor=actor, verb="stop_shadow", subject=version.name)


def _end(of_kind: Sequence[ModelVersion]) -> list[ModelVersion]:
    ended = [version for version in of_kind if version.is_shadow]
    for version in ended:
        version.is_shadow = False
        version.save(update_fields=["is_shadow"])
        if version.state in BUSY:
            jobs.cancel(version)
    return ended


# --- looking: in any thread, without the database ---


def offer_preview(round_id: int, language: str, text: str, target: int, found: Found) -> None:
    """A preview that was shown may be looked up by the other model, too."""
    if catalogue_search.shadow_version is not None and chance.happens(SHARE):
        _submit(partial(_look_at_preview, round_id, language, text, target, found))


def offer_round(round_id: int, language: str, texts: Sequence[str], candidates: Sequence[int], target: int) -> None:
    """The machine plays retriever with both models on the same page."""
    if catalogue_search.shadow_version is not None:
        _submit(partial(_look_at_round, round_id, language, texts, candidates, target))


def _submit(look: Callable[[], None]) -> None:
    if _places.acquire(blocking=False):
        LOOKER.submit(_look, look)


def _look(look: Callable[[], None]) -> None:
    try:
        look()
    except Exception:
        log.exception("the model beside the live one could not be asked")
    finally:
        _places.release()


def _look_at_preview(round_id: int, language: str, text: str, target: int, shown: Found) -> None:
    found = catalogue_search.shadow_preview(text, target)
    if found is None:
        return
    first, theirs = set(found.ids[:N_FIRST]), set(shown.ids[:N_FIRST])
    look = ShadowLook(
        champion=shown.model_version,
        kind=ShadowLook.Kind.PREVIEW,
        at=timezone.now(),
        round_id=round_id,
        language=language,
        rank=found.target_rank,
        champion_rank=shown.target_rank,
        overlap=len(first & theirs) / max(1, len(first), len(theirs)),
        ms=found.ms,
    )
    _looks.append((found.model_version, look))


def _look_at_round(round_id: int, language: str, texts: Sequence[str], candidates: Sequence[int], target: int) -> None:
    model, champion, began = catalogue_search.shadow_version, catalogue_search.model_version, time.perf_counter()
    ours = catalogue_search.shadow_rank_among(texts, candidates)
    ms = (time.perf_counter() - began) * 1_000
    theirs = catalogue_search.rank_among(texts, candidates)
    if model is None or ours is None or target not in ours:
        return
    look = ShadowLook(
        champion=champion,
        kind=ShadowLook.Kind.ROUND,
        at=timezone.now(),
        round_id=round_id,
        language=language,
        rank=ours.index(target) + 1,
        champion_rank=theirs.index(target) + 1,
        ms=ms,
    )
    _looks.append((model, look))


# --- with the database ---


def write_down() -> int:
    """Keep what this process has seen since the last call; the number of looks."""
    looks = [_looks.popleft() for _ in range(len(_looks))]
    if not looks:
        return 0
    models = dict(ModelVersion.objects.filter(name__in={model for model, _ in looks}).values_list("name", "pk"))
    rounds = set(Round.objects.filter(pk__in={look.round_id for _, look in looks}).values_list("pk", flat=True))
    kept = [(models[model], look) for model, look in looks if model in models and look.round_id in rounds]
    for model_id, look in kept:
        look.model_id = model_id
    return len(ShadowLook.objects.bulk_create(look for _, look in kept))


def forget_old() -> int:
    return ShadowLook.objects.filter(at__lt=timezone.now() - FORGOTTEN_AFTER).delete()[0]

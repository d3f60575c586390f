"""What a web process holds of a conversation model: the side that reads conversations, and what the model made of the
stickers that are in play, kept up by the log of changes as live search is."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval_engine.bundle import BundleError
from retrieval_engine.dense import Vectors
from retrieval_engine.dialogue.data.conversations import Use
from retrieval_engine.dialogue.inference.onnx_replier import ConversationSide, OnnxReplier, read_spec
from retrieval_engine.dialogue.inference.replying import Answer
from retrieval_engine.dialogue.runs import bundle
from sticktionary.domain.errors import Refused
from sticktionary.domain.replies import stickers
from sticktionary.domain.search import reading
from sticktionary.domain.search.changelog import Place
from sticktionary.models import Embedding, ModelVersion

AT_HAND: Final = 3  # models that are kept in memory
Ids = NDArray[np.int64]


class Held:
    """A bi-encoder and the catalogue as it sees it. Safe for many threads."""

    def __init__(self, name: str, side: ConversationSide) -> None:
        self.name, self._side = name, side
        self._lock, self._place = threading.Lock(), Place()
        self._read_all()

    def catch_up(self) -> None:
        """Take over all that has changed since the last call."""
        with self._lock:
            if not self._place.is_held():
                self._read_all()
                return
            while True:
                changed, self._place = self._place.read_on()
                if not changed:
                    return
                self._look_at(set(changed))

    def _read_all(self) -> None:
        self._place = Place.at_the_end()
        parts = [_nothing(self._side.spec.dim), *reading.all_vectors(self.name)]
        self._put(np.concatenate([ids for ids, _ in parts]), np.concatenate([vectors for _, vectors in parts]))

    def _look_at(self, changed: set[int]) -> None:
        fresh, shelf = reading.vectors(changed, self.name), self._replier.shelf
        kept = ~np.isin(shelf.ids, np.fromiter(changed, np.int64, len(changed)))
        ids = np.concatenate([shelf.ids[kept], np.array(list(fresh), dtype=np.int64)])
        vectors = np.concatenate([shelf.vectors[kept], *(vector[None] for vector in fresh.values())])
        order = np.argsort(ids)
        self._put(ids[order], vectors[order])

    def _put(self, ids: Ids, vectors: Vectors) -> None:
        self._replier = OnnxReplier(self._side, ids.tolist(), vectors, name=self.name)

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """As a `Replier` does. Stickers that stand in the conversations are told as they are described now."""
        replier = self._replier
        if sent := _sent(asked):
            replier = replier.telling(stickers.as_known(sent).values())
        return replier.answer(asked, k, allow=allow)


def _nothing(dim: int) -> tuple[Ids, Vectors]:
    return np.zeros(0, np.int64), np.zeros((0, dim), np.float32)


def _sent(asked: Sequence[Use]) -> set[int]:
    """Stickers that stand in conversations, or in sessions before them."""
    parts = [part for use in asked for part in (use.context, *(session.turns for session in use.earlier))]
    return {int(turn.sticker) for turns in parts for turn in turns if turn.sticker is not None}


_held: dict[tuple[str, int], Held] = {}  # by the name of the model, the one asked last at the end
_opening = threading.Lock()


def of(version: ModelVersion) -> Held:
    """Opened when it is first asked, and caught up. Refused where its files are damaged, or its vectors are of another
    model."""
    is_live = version.stage == ModelVersion.Stage.CHAMPION  # of which the log tells; others are opened anew
    n_seen = 0 if is_live else Embedding.objects.filter(embedded_by=version.name).count()
    key = version.name, n_seen
    with _opening:
        held = _held.pop(key, None) or _opened(version)
        _held[key] = held
        while len(_held) > AT_HAND:
            del _held[next(iter(_held))]
    held.catch_up()
    return held


def _opened(version: ModelVersion) -> Held:
    try:
        return Held(version.name, _side(version.path))
    except (BundleError, OSError, ValueError) as error:
        raise Refused("damaged_bundle", str(error).replace(version.path, version.name)) from error


def is_first_stage(version: ModelVersion) -> bool:
    """Whether what answers here is only the first stage of the model."""
    try:
        return read_spec(Path(version.path)).first_stage
    except BundleError as error:
        raise Refused("damaged_bundle", str(error).replace(version.path, version.name)) from error


@lru_cache(maxsize=AT_HAND)
def _side(path: str) -> ConversationSide:
    bundle.read_manifest(Path(path))
    return ConversationSide.open(path)


def forget() -> None:
    """Hold nothing: for tests, whose databases are other ones."""
    _held.clear()

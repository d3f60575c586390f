"""Cosine search among image vectors that change while people search them: exact up to some 50,000, and above by codes
of four bits a number that name the candidates, which are then compared exactly.

>>> index = DenseIndex.of([([1, 2], np.eye(2))])
>>> index.put(3, np.array([1.0, 1.0]))
>>> index.search(np.array([3.0, 4.0]), 2).ids.tolist()
[3, 2]
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock, Thread, main_thread
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ..ranking import Ranking
from . import files
from .codes import SAMPLE, Codes
from .finding import State, direction, ranked
from .places import Ids, Places, as_ids
from .rows import NO_ROWS, RowNumbers, Rows, RowStore, Vectors, unit

EXACT_UP_TO: Final = 50_000
FRESH_MOST: Final = 4_096
"""So many vectors await their codes, and are compared in every search meanwhile."""

log = logging.getLogger(__name__)


class DenseIndex:
    """Unit vectors [n, d] by id, searched by cosine, for one writing and any number of reading threads at once.

    Up to `exact_up_to` vectors a search compares all of them, in float32. Above, 4-bit product quantisation finds the
    candidates among all vectors and their cosines, of float16 rows, make the ranking; vectors that have no code yet are
    always compared. Codes are made in a thread of their own. No search waits for a change or another search.
    """

    def __init__(self, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._exact_up_to = exact_up_to
        self._store, self._places = RowStore(exact_up_to), Places()
        self._state = State(self._store.now, None)
        self._lock = Lock()  # held while rows are written or looked up, never while they are compared
        self._rebuilding = Lock()
        self._rebuilder: Thread | None = None

    @classmethod
    def of(cls, chunks: Iterable[tuple[Ids, NDArray[np.floating]]], *, exact_up_to: int = EXACT_UP_TO) -> Self:
        """An index of many vectors, given as (ids [m], vectors [m, d]) one chunk after the other, so that a large
        catalogue is never in memory twice. Of vectors with one id the last one counts. ValueError as for `put`."""
        index = cls(exact_up_to=exact_up_to)
        for ids, vectors in chunks:
            index._put(as_ids(ids), unit(vectors))
        index.rebuild()
        return index

    def __len__(self) -> int:
        return self._state.rows.n_live

    def __contains__(self, id: object) -> bool:
        with self._lock:
            return isinstance(id, int) and self._places.get(id) is not None

    @property
    def dim(self) -> int | None:
        """d, or None while nothing is held."""
        return self._state.rows.dim if len(self) else None

    # --- changes ---

    def put(self, id: int, vectors: NDArray[np.floating]) -> None:
        """Add or replace `vectors` [d], or the mean of [frames, d]. ValueError for another d or no direction."""
        vector = unit(vectors if vectors.ndim == 1 else vectors.mean(axis=0))
        self._put(np.array([id], dtype=np.int64), vector[np.newaxis])
        self._rebuild_if_due()

    def put_many(self, ids: Ids, vectors: NDArray[np.floating]) -> None:
        """Add or replace many vectors [m, d] at once, one for each of `ids`. ValueError as for `put`."""
        self._put(as_ids(ids), unit(vectors))
        self._rebuild_if_due()

    def _put(self, ids: NDArray[np.int64], vectors: Vectors) -> None:
        if vectors.shape[:-1] != ids.shape:
            raise ValueError(f"{len(ids)} ids for vectors of shape {vectors.shape}")
        ids, vectors = _last_of_each(ids, vectors)
        with self._lock:
            if self.dim not in (None, vectors.shape[1]):
                raise ValueError(f"a vector of {vectors.shape[1]} numbers among vectors of {self.dim}")
            if not len(self):
                self._store, self._places = RowStore(self._exact_up_to), Places()
            first = self._store.now.n
            self._store.change(ids, vectors, self._places.rows_of(ids))
            self._places.put(ids, np.arange(first, first + len(ids)))
            self._state = State(self._store.now, self._state.codes if first else None)

    def remove(self, id: int) -> bool:
        """Take a vector out; False if there was none."""
        with self._lock:
            row = self._places.get(id)
            if row is None:
                return False
            self._places.drop(id)
            self._store.change(NO_ROWS, np.empty((0, self.dim or 0), dtype=np.float32), np.array([row]))
            self._state = self._state._replace(rows=self._store.now)
        self._rebuild_if_due()
        return True

    # --- codes ---

    def rebuild(self) -> None:
        """Make codes of all that has none, here and now: about ten seconds for a million vectors.

        They are learned anew when the catalogue has doubled since they were; where most rows are of vectors that are
        gone, the others are moved together. People search and change on meanwhile.
        """
        with self._rebuilding:
            store, seen = self._store, self._state
            moved, kept = store.without_gone(seen.rows) if store.is_wasteful else (None, NO_ROWS)
            codes = self._coded(moved.now, None) if moved else self._coded(*seen)
            with self._lock:
                if self._store is not store:  # emptied and begun anew
                    return
                if moved:
                    moved.catch_up(seen.rows, store.now, kept)
                    held = np.flatnonzero(moved.now.live())
                    self._store, self._places = moved, Places.of(moved.now.ids[held], held)
                if codes is not None:
                    self._store.make_coarse()
                self._state = State(self._store.now, codes)

    def _coded(self, rows: Rows, codes: Codes | None) -> Codes | None:
        if rows.n_live <= self._exact_up_to:
            return None
        if codes is None or rows.n_live >= 2 * codes.n_trained_on:
            held = np.flatnonzero(rows.live())
            codes = Codes.trained(rows.vectors(held[:: -(-len(held) // SAMPLE)]), rows.n_live)
        return codes.with_more(_while_wanted(block for _, block in rows.blocks(codes.n)))

    def _rebuild_if_due(self) -> None:
        rows, codes = self._state
        n_fresh = rows.n - (codes.n if codes else 0)
        is_due = (n_fresh > FRESH_MOST and rows.n_live > self._exact_up_to) or self._store.is_wasteful
        if is_due and (self._rebuilder is None or not self._rebuilder.is_alive()):
            self._rebuilder = Thread(target=self._rebuild_beside, name="dense-rebuild")
            self._rebuilder.start()

    def _rebuild_beside(self) -> None:
        try:
            self.rebuild()
        except Exception:  # searches go on with the codes there are
            log.exception("the codes of the dense index could not be made")

    def wait(self) -> None:
        """Come back when no codes are being made in the background."""
        if self._rebuilder is not None:
            self._rebuilder.join()

    # --- searching ---

    def vector(self, id: int) -> Vectors | None:
        """The unit vector [d] of one sticker, or None."""
        state, found, _ = self._look_up([id], None)
        return state.rows.vectors(found)[0] if found is not None and len(found) else None

    def cosine(self, query: NDArray[np.floating], id: int) -> float | None:
        """How near sticker `id` is to `query` [d]; None for one without a vector."""
        state, found, _ = self._look_up([id], None)
        if found is None or not len(found):
            return None
        return float(state.rows.cosines(direction(query, state.rows), found)[0])

    def search(
        self, query: NDArray[np.floating], k: int | None = 20, *, allow: Ids | None = None, deny: Ids | None = None
    ) -> Ranking:
        """The `k` nearest to `query` [d] by cosine (all with None), ties by id.

        `allow` keeps only these ids, `deny` leaves these out; `k` are found wherever there are as many. Cosines are
        exact for the vectors as they are kept; all of them are compared for more than 10,000 places.
        """
        state, allowed, denied = self._look_up(allow, deny)
        return ranked(state, query, k, allowed, denied)

    def neighbours(self, id: int, k: int = 20) -> Ranking:
        """The `k` stickers nearest to sticker `id`, itself left out; nothing for one without a vector."""
        vector = self.vector(id)
        if vector is None:
            return Ranking.empty()
        near = self.search(vector, k + 1)
        others = near.ids != id
        return Ranking(near.ids[others][:k], near.scores[others][:k])

    def _look_up(self, allow: Ids | None, deny: Ids | None) -> tuple[State, RowNumbers | None, RowNumbers | None]:
        """The state now, and the rows in it of those ids."""
        if allow is None and deny is None:
            return self._state, None, None
        allowed_ids, denied_ids = (None if ids is None else as_ids(ids) for ids in (allow, deny))
        with self._lock:
            allowed = None if allowed_ids is None else self._places.rows_of(allowed_ids)
            denied = None if denied_ids is None else self._places.rows_of(denied_ids)
            return self._state, allowed, denied

    # --- files ---

    def save(self, folder: Path) -> None:
        """Write a snapshot into `folder`, which is made if need be; it is there whole or not at all, and processes that
        read an older one there go on reading it. People search and change on meanwhile."""
        files.save(folder, *self._state)

    @classmethod
    def open(cls, folder: Path, *, exact_up_to: int = EXACT_UP_TO, verify: bool = False) -> Self:
        """An index from a snapshot. Its vectors stay in the file, which all processes that open it share; what is
        added is in memory. ValueError for a folder that holds none, or a damaged one; damage to the vectors themselves
        is found with `verify`, which reads them all."""
        snapshot = files.open(folder, verify=verify)
        index = cls(exact_up_to=exact_up_to)
        index._store = RowStore.over(snapshot.ids, snapshot.vectors, exact_up_to)
        index._places = Places.of(snapshot.ids, np.arange(len(snapshot.ids)))
        index._state = State(index._store.now, snapshot.codes)
        if snapshot.codes is None:
            index._rebuild_if_due()
        return index


def _last_of_each(ids: NDArray[np.int64], vectors: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    if len(ids) < 2:
        return ids, vectors
    _, places = np.unique(ids[::-1], return_index=True)
    if len(places) == len(ids):
        return ids, vectors
    last = np.sort(len(ids) - 1 - places)
    return ids[last], vectors[last]


def _while_wanted(blocks: Iterator[Vectors]) -> Iterator[Vectors]:
    """A process that ends does not wait for its codes."""
    for block in blocks:
        if not main_thread().is_alive():
            raise SystemExit
        yield block

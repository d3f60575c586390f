"""Vectors in four bits a group of numbers: what tells, out of very many, the few that are worth comparing exactly.

Product quantisation (Jegou, Douze and Schmid 2011) with tables that are looked up inside of registers (Andre, Kermarrec
and Le Scouarnec 2015), as faiss has it, of vectors turned into their principal axes, which are dealt to the groups so
that each has its share of what varies (Ge, He, Ke and Sun 2013, "Optimized product quantization"). faiss is loaded with
the first catalogue that is large enough to need it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .rows import RowNumbers, Vectors

GROUPS: Final = 64
"""A vector has as many groups of numbers, or one for each eight of its numbers where that is more."""
AXES: Final = 4
"""So many principal axes are dealt to a group at most: of more, four bits tell no more, and turning takes longer."""
SAMPLE: Final = 32_768
"""So many vectors are enough to learn groups of 16 representatives from."""


class Codes:
    """Codes of rows 0 to `n`, never changed: more rows make other codes. Any number of threads may search."""

    def __init__(self, index: Any, n_trained_on: int) -> None:
        self._index = index
        self.n_trained_on = n_trained_on
        self.n = int(index.ntotal)
        self._turn, self._all = _scan_of_all(index)

    @classmethod
    def trained(cls, sample: Vectors, n: int) -> Self:
        """Codes of nothing yet, of a kind that suits `sample` [m, d], drawn from `n` vectors."""
        faiss = _faiss()
        groups = min(sample.shape[1], max(GROUPS, -(-sample.shape[1] // 8)))
        axes = _dealt_axes(sample, groups)
        turned = faiss.LinearTransform(axes.shape[1], axes.shape[0], False)
        faiss.copy_array_to_vector(axes.ravel(), turned.A)
        turned.is_trained = True
        # One list: other than faiss' plain scan (`_scan_of_all`) this one can be told which rows count.
        whole = faiss.IndexFlatIP(len(axes))
        whole.add(np.zeros((1, len(axes)), dtype=np.float32))
        scan = faiss.IndexIVFPQFastScan(whole, len(axes), 1, groups, 4, faiss.METRIC_INNER_PRODUCT)
        scan.by_residual, scan.pq.cp.min_points_per_centroid = False, 1
        index = faiss.IndexPreTransform(turned, scan)
        index.train(np.ascontiguousarray(sample))
        return cls(faiss.clone_index(index), n)  # which owns its parts

    def with_more(self, blocks: Iterable[Vectors]) -> Self:
        """These codes and those of the rows that follow."""
        index = _faiss().clone_index(self._index)
        for block in blocks:
            index.add(np.ascontiguousarray(block))
        return type(self)(index, self.n_trained_on)

    def of_others(self, blocks: Iterable[Vectors]) -> Self:
        """Codes of other rows, of the same kind."""
        index = _faiss().clone_index(self._index)
        index.reset()
        return type(self)(index, self.n_trained_on).with_more(blocks)

    def nearest(self, query: Vectors, k: int, among: NDArray[np.bool_] | None = None) -> RowNumbers:
        """About the `k` rows of the highest inner product with `query` [d], in no order, of those that are True in
        `among` [n]."""
        faiss = _faiss()
        faiss.omp_set_num_threads(1)  # of this thread: many searches go on side by side
        if among is None:
            _, rows = self._all.search((self._turn @ query)[np.newaxis], k)
        else:
            bits = np.packbits(among, bitorder="little")
            scanned = faiss.SearchParametersIVF(sel=faiss.IDSelectorBitmap(bits), nprobe=1)
            chosen = faiss.SearchParametersPreTransform(index_params=scanned)
            _, rows = self._index.search(query[np.newaxis], k, params=chosen)
        found: RowNumbers = rows[0][rows[0] >= 0]
        return found

    # --- files ---

    def to_bytes(self) -> bytes:
        """All of it, for `of_bytes`."""
        held: bytes = _faiss().serialize_index(self._index).tobytes()
        return held

    @classmethod
    def of_bytes(cls, held: bytes, n_trained_on: int) -> Self:
        """What `to_bytes` gave; nothing else may be passed."""
        return cls(_faiss().deserialize_index(np.frombuffer(held, dtype=np.uint8)), n_trained_on)


def _faiss() -> Any:
    import faiss  # whose own types do not fit what it does

    return faiss


def _scan_of_all(index: Any) -> tuple[Vectors, Any]:
    """What turns a query, and faiss' plain scan of the same codes, which is a sixth quicker where every row counts."""
    faiss = _faiss()
    lists = faiss.downcast_index(faiss.downcast_index(index).index)
    turn = faiss.downcast_VectorTransform(faiss.downcast_index(index).chain.at(0))
    scan = faiss.IndexPQFastScan(lists.d, lists.pq.M, lists.pq.nbits, lists.metric_type, lists.bbs)
    scan.pq, scan.is_trained = lists.pq, True
    n_padded = -(-lists.ntotal // scan.bbs) * scan.bbs
    n_bytes = n_padded * scan.M2 // 2
    scan.codes.resize(n_bytes)
    if n_bytes:
        faiss.memcpy(scan.codes.data(), lists.invlists.get_codes(0), n_bytes)
    scan.ntotal, scan.ntotal2 = lists.ntotal, n_padded
    return faiss.vector_to_array(turn.A).reshape(turn.d_out, turn.d_in), scan


def _dealt_axes(sample: Vectors, groups: int) -> Vectors:
    """The strongest principal axes of `sample` [m, d] as rows, those of one group together; the first go to one group
    after the other, the next the other way, and so on. Rows of zeros make the groups of one size."""
    dim = sample.shape[1]
    _, axes = np.linalg.eigh(np.cov(sample, rowvar=False).reshape(dim, dim))
    kept = axes.T[::-1][: AXES * groups]
    strongest_first = np.concatenate((kept, np.zeros((-len(kept) % groups, dim))))
    dealt = np.arange(len(strongest_first)).reshape(-1, groups)
    dealt[1::2] = dealt[1::2, ::-1]
    return np.ascontiguousarray(strongest_first[dealt.T.ravel()], dtype=np.float32)

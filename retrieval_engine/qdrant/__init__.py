"""The searcher past one machine: `QdrantSearcher`, on a cluster that `connect` finds.

layout      where the cluster is and how catalogues lie on it
words       BM25 as a dot product: what is written with a sticker, what is sent with a query
store       a catalogue in two collections, so written that nothing is ever half done
asking      rankings and their fusion, asked for in one request
searcher    all of it as `searching.StickerSearcher`
aliases     which of several catalogues is live
"""

from .layout import ClusterAway, Layout, connect
from .searcher import Entry, QdrantSearcher

__all__ = ["ClusterAway", "Entry", "Layout", "QdrantSearcher", "connect"]

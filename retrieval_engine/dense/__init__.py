"""Cosine search among image vectors that change while people search them.

`index` holds the catalogue and changes it; `finding` is one search of it; `rows` are the vectors, `codes` the small
copies that are scanned, `places` where each id stands; `files` are snapshots.
"""

from .index import DenseIndex
from .places import Ids
from .rows import Vectors, unit

__all__ = ["DenseIndex", "Ids", "Vectors", "unit"]

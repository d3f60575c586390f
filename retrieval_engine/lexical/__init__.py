"""BM25 with rank-bm25's scores over a catalogue that changes while people search it.

`index` holds the catalogue and changes it; `scoring` is one search of it; `scanning` has the inner loops; `postings`
are the flat arrays; `vocabulary` the terms; `counting` many documents at once.
"""

from .counting import Counted
from .index import MAX_TERMS, N_COMPLETIONS, Compaction, LexicalIndex, TermPart

__all__ = ["MAX_TERMS", "N_COMPLETIONS", "Compaction", "Counted", "LexicalIndex", "TermPart"]

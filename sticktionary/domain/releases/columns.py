"""What each column of a release's tables means, in the words that its documents use."""

from __future__ import annotations

_STICKER = "the sticker, as in the table `stickers`"
_LANGUAGE = "the language it was written in: `en` or `zh`"
_SPLIT = "`train`, `validation` or `test`; that of the sticker"

COMMON = {
    "v": "version of the row's form",
    "sticker_id": _STICKER,
    "language": _LANGUAGE,
    "lang": _LANGUAGE,
    "split": _SPLIT,
    "part": _SPLIT,
    "pack": "the pack of the sticker",
    "query": "what somebody would type to find the sticker, as they wrote it",
    "query_id": "number of the query, the same in every release",
    "round_id": "number of the round it was written in, the same in every release",
    "normalised": "the same text in small letters, one width of letters, and single spaces",
    "source": "`play` (written by a labeler), `suggestion` (by a retriever), `house` (came with the sticker)",
    "weight": "how far the labeler can be relied on, from 0 to 1",
}
OF_TABLE: dict[str, dict[str, str]] = {}


def meaning(table: str, column: str) -> str:
    """What a column means; "" for one that nobody has described."""
    return OF_TABLE.get(table, {}).get(column) or COMMON.get(column, "")

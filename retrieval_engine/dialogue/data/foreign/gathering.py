"""The rows of files gathered: chats written as they come, what is said of each sticker put together, and the sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec import structs

from .report import Reason, Report
from .rows import ChatRow, Row, StickerRow

Key = tuple[str | None, str]


@dataclass
class Gathered:
    """The sums, and the stickers by pack and name. `n_sent` counts turns with a sticker."""

    n_chats: int = 0
    n_sessions: int = 0
    n_turns: int = 0
    n_sent: int = 0
    stickers: dict[Key, StickerRow] = field(default_factory=dict)


def gather(rows: Iterable[Row], report: Report, chat: Callable[[ChatRow], object] = lambda chat: None) -> Gathered:
    """Hand each chat to `chat`, and keep the stickers: what was said first of one holds, and what is said otherwise
    later is counted."""
    found = Gathered()
    for row in rows:
        if isinstance(row, ChatRow):
            turns = [turn for session in row.sessions for turn in session.turns]
            found.n_chats += 1
            found.n_sessions += len(row.sessions)
            found.n_turns += len(turns)
            found.n_sent += sum(turn.sticker_id is not None for turn in turns)
            chat(row)
        else:
            key = (row.pack, row.sticker_id)
            held = found.stickers.get(key)
            found.stickers[key] = row if held is None else _merged(held, row, report)
    return found


def _merged(held: StickerRow, more: StickerRow, report: Report) -> StickerRow:
    added = dict[str, object]()
    for name in held.__struct_fields__:
        before, now = getattr(held, name), getattr(more, name)
        if before in (None, "") and now not in (None, ""):
            added[name] = now
        elif now not in (None, "", before) and name != "part":
            report.without[Reason.SAID_BEFORE] += 1
    return structs.replace(held, **added) if added else held

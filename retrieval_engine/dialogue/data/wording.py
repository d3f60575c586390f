"""Conversations and stickers in words, as the models read them."""

from __future__ import annotations

from collections.abc import Sequence

from .conversations import ATTRIBUTES, Conversations, Sticker, Turn, Use


def spoken(turns: Sequence[Turn], stickers: Conversations, separator: str, *, speakers: bool = True) -> str:
    """Turns one after the other. A sticker in between is told by what it looks like and says."""
    return separator.join(filter(None, (_turn(turn, stickers, speakers) for turn in turns)))


def _turn(turn: Turn, stickers: Conversations, speakers: bool) -> str:
    shown = described(stickers[turn.sticker]) if turn.sticker in stickers.place else ""
    said = " ".join(filter(None, (turn.text.strip(), f"[{shown}]" if shown else "")))
    return f"{turn.speaker}: {said}" if said and speakers else said


def described(sticker: Sticker, intent: str = "") -> str:
    """A sticker in a line: its intent where it is known, style, attributes, and the words on it. (MultiChat, section
    4: a sticker's turn is written as its attributes; the form is our own.)"""
    told = {"intent": intent, "style": sticker.style or "", **sticker.attributes}
    if "verbal" not in sticker.attributes:
        told["verbal"] = sticker.printed_text
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def attributes(sticker: Sticker) -> list[str | None]:
    """The four of Int-RA in their order, none where there is nothing to tell: never an empty text. The words printed on
    a sticker stand for `verbal` where nobody was asked."""
    told = dict(sticker.attributes)
    told.setdefault("verbal", sticker.printed_text)
    return [told.get(name) or None for name in ATTRIBUTES]


def document(sticker: Sticker) -> str:
    """All words that are known of a sticker, to be searched: what people typed for it, what is on it, how it looks."""
    told = (*sticker.queries, sticker.printed_text, *(sticker.attributes.get(name, "") for name in ATTRIBUTES))
    return ", ".join(filter(None, told))


def all_texts(conversations: Conversations) -> list[str]:
    """What a tokenizer that is made here learns from: the training side's words, and those of all stickers."""
    said = [turn.text for use in conversations.of("train") for turn in use.turns(len(use.context) + 1) if turn.text]
    summaries = [session.summary for use in conversations.of("train") for session in use.earlier if session.summary]
    words = [text for sticker in conversations.stickers for text in (document(sticker), described(sticker)) if text]
    speakers = sorted({turn.speaker for use in conversations.of("train") for turn in use.context})
    return [*said, *summaries, *words, *conversations.intents, *(f"{name}:" for name in speakers)]


def with_knowledge(said: str, known: str, separator: str) -> str:
    """Knowledge comes after the conversation, so that it is the conversation that is cut when both are long."""
    return f"{said}{separator}{known}" if known else said


def context(use: Use, conversations: Conversations, n_turns: int, separator: str) -> str:
    """The last `n_turns` turns before the sticker, the sender's own words last."""
    return spoken(use.turns(n_turns), conversations, separator)


def asked(use: Use, conversations: Conversations, n_turns: int) -> str:
    """What a provider of knowledge is shown: the same turns, a line each, whatever tower reads them later."""
    return spoken(use.turns(n_turns), conversations, "\n")

"""Chats about the little world: somebody says what they see, and somebody else answers with that sticker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from sticktionary.models import ChatSession, Conversation, Sticker, Utterance
from tests.lab.plays import COLOURS


def chat(sticker: Sticker, key: str, language: str = "en") -> Conversation:
    """Two sessions of two turns; the sticker is sent in both."""
    made = Conversation.objects.create(key=key, language=language, source="made here", licence="CC0-1.0")
    Conversation.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(hours=2))
    colour, shape = sticker.name.removesuffix(".webp").split("-")
    seen = f"{colour} {shape}" if language == "en" else COLOURS[colour][1]
    for number in (1, 2):
        session = ChatSession.objects.create(conversation=made, number=number, summary=f"They saw a {seen}.")
        Utterance.objects.create(session=session, number=1, speaker="User_1", text=f"look, {seen}")
        Utterance.objects.create(session=session, number=2, speaker="User_2", sticker=sticker)
    return made


def chats(stickers: Sequence[Sticker]) -> list[Conversation]:
    """One of each sticker, every third in Chinese; enough for every side of the split."""
    return [chat(sticker, f"c{n}", "zh" if n % 3 == 0 else "en") for n, sticker in enumerate(stickers)]

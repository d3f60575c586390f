"""Conversations in: read, checked line by line, pseudonymised, kept."""

from __future__ import annotations

from sticktionary.models import ConversationImport


def run(job: ConversationImport) -> None:
    raise NotImplementedError

"""The conversations of a release: sessions, turns, and a sample for each use of a sticker."""

from __future__ import annotations

from pathlib import Path

from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.scope import Scope
from sticktionary.models import Conversation


def write(folder: Path, scope: Scope) -> list[File]:
    """Write the files, or none where there are no conversations."""
    if not Conversation.objects.filter(is_active=True, created_at__lte=scope.watermark_at).exists():
        return []
    raise NotImplementedError

"""Candidates behind letters: which file a letter of a retrieval stands for, and who may ask."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from sticktionary.domain.play.snapshot import Picture
from sticktionary.models import Retrieval, Sticker

Plates = tuple[tuple[str, str], ...]


def plate(public_id: UUID, letter: str, *, moves: bool) -> Picture:
    """A candidate's picture under its letter, without a word: a name could give it away."""
    address = f"/plates/{public_id}/{letter}"
    return Picture(f"{address}.webp", f"{address}.still.webp", "", moves)


def files_of(public_id: UUID, player_id: int | None) -> Plates:
    """The image and poster of each letter, below MEDIA_ROOT, for the retrieval's own player; for all others nothing."""
    row = Retrieval.objects.filter(public_id=public_id).values_list("player_id", "candidates").first()
    return _files(tuple(row[1])) if row and row[0] is not None and row[0] == player_id else ()


@lru_cache(maxsize=2_048)
def _files(sticker_ids: tuple[int, ...]) -> Plates:
    """Kept, since a page asks for its candidates one by one."""
    paths = {row[0]: row[1:] for row in Sticker.objects.filter(pk__in=sticker_ids).values_list("pk", "image", "poster")}
    return tuple(paths[sticker_id] for sticker_id in sticker_ids)

"""Names for players, and for what must not be said, that hold within one release and nowhere else."""

from __future__ import annotations

from hashlib import blake2b


class Pseudonyms:
    """Keyed hashes: without the release's salt nobody tells who is meant, or that two releases mean the same."""

    def __init__(self, salt: str) -> None:
        self._key = salt.encode()[:64]
        self._held: dict[int | None, str] = {None: ""}

    def of_player(self, player_id: int | None) -> str:
        """The same for the same player throughout the release; "" for one who left and cannot be named any more."""
        held = self._held.get(player_id)
        if held is None:
            held = self._held[player_id] = self.of("anon", "player", player_id or 0)
        return held

    def of(self, prefix: str, kind: str, number: int) -> str:
        return f"{prefix}_{blake2b(f'{kind}:{number}'.encode(), key=self._key, digest_size=6).hexdigest()}"

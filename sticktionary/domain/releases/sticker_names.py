"""What a sticker is called in datasets: by its file name; where two have the same, the later one by its pack's too."""

from __future__ import annotations

from sticktionary.models import Sticker


def sticker_names() -> dict[int, str]:
    """The `sticker_id` of every sticker there ever was, by its row: withdrawn ones keep theirs, so that a name means
    the same sticker in every release. Names that differ only in case cannot stand in one folder everywhere."""
    names: dict[int, str] = {}
    taken = set[str]()
    rows = Sticker.objects.order_by("pk").values_list("pk", "name", "pack__slug", "sha256")
    for sticker_id, name, slug, digest in rows.iterator():
        plain = name.replace("/", "_").replace("\\", "_").lstrip(".") or digest[:12]
        choices = (plain, f"{slug}_{plain}", f"{digest[:12]}_{plain}", f"{digest}_{plain}")
        chosen = next(choice for choice in choices if choice.casefold() not in taken)
        taken.add(chosen.casefold())
        names[sticker_id] = chosen
    return names

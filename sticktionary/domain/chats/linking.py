"""The stickers of a file of chats, found in the catalogue by file name, by the name of an export, or by SHA-256."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from sticktionary.domain.chats.shapes import Wanted
from sticktionary.models import Sticker

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".apng", ".webm")


def found(wanted: Iterable[Wanted]) -> dict[Wanted, int | str]:
    """The sticker's id for each, or why there is none."""
    asked = set(wanted)
    by_digest = dict(Sticker.objects.filter(sha256__in={w.sha256 for w in asked} - {""}).values_list("sha256", "pk"))
    by_name = _by_name({w.name for w in asked} - {""})
    return {w: _one(w, by_digest.get(w.sha256), by_name.get(w.name, {})) for w in asked}


def _one(wanted: Wanted, by_digest: int | None, by_name: dict[str, int]) -> int | str:
    if by_digest is not None:
        return by_digest
    if wanted.pack:
        by_name = {pack: id for pack, id in by_name.items() if pack == wanted.pack}
    if len(by_name) == 1:
        return next(iter(by_name.values()))
    if by_name:
        told = {"name": wanted, "packs": ", ".join(sorted(by_name))}
        return _("Several packs have a sticker %(name)s (%(packs)s); say which in sticker_pack.") % told
    return _("There is no sticker %(name)s.") % {"name": wanted}


def _by_name(names: set[str]) -> dict[str, dict[str, int]]:
    """By name as given: the stickers called so, by their pack."""
    held: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name, pack, id in Sticker.objects.filter(name__in=names).values_list("name", "pack__slug", "pk"):
        held[name][pack] = id
    for name, pack, id in _by_stem(names - held.keys()):
        held[name][pack] = id
    for name in names - held.keys():  # PACK_NAME, where an export told two of one name apart
        ways = [Q(pack__slug=name[:n], name=name[n + 1 :]) for n, char in enumerate(name[:90]) if char == "_"]
        for way in ways:
            for pack, id in Sticker.objects.filter(way).values_list("pack__slug", "pk"):
                held[name][pack] = id
    return held


def _by_stem(names: set[str]) -> Iterator[tuple[str, str, int]]:
    """Stickers whose file is called as asked for but for its ending: other collections name stickers by number."""
    files = {f"{name}{ending}": name for name in names for ending in ENDINGS}
    for file, pack, id in Sticker.objects.filter(name__in=files).values_list("name", "pack__slug", "pk"):
        yield files[file], pack, id

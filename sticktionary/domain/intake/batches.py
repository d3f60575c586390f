"""What there is to import in a source: which files are pictures, what their stickers are called, what is said."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from sticktionary.domain.intake import manifests
from sticktionary.domain.intake.manifests import Described, Manifest
from sticktionary.domain.intake.pictures import Prepared, prepare, sha256_of
from sticktionary.domain.intake.sources import File, Source, Unreadable

log = logging.getLogger(__name__)

THREADS = 2
AHEAD = 4  # files handed to the threads before the first is recorded
FOLDER = "stickers"


@dataclass(frozen=True, slots=True)
class Batch:
    pictures: dict[str, File]  # by the name the sticker will have
    manifest: Manifest
    refused: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.pictures) + len(self.refused) + len(self.listed_alone())

    def words_for(self, name: str) -> Described:
        return self.manifest.of(*_aliases(name, self.pictures[name])) or Described()

    def listed_alone(self) -> dict[str, Described]:
        """Listed stickers whose pictures did not come along: they may be in the pack since an earlier import."""
        came = {alias for name, file in self.pictures.items() for alias in _aliases(name, file)}
        listed = self.manifest.stickers.items()
        return {name: words for name, words in listed if not came.intersection((name, PurePosixPath(name).name))}


def _aliases(name: str, file: File) -> tuple[str, ...]:
    """What a list may call a picture."""
    path = PurePosixPath(file.name)
    return name, file.name, path.name, path.stem


def sort_out(source: Source) -> Batch:
    """Tell pictures from lists; where there is a `stickers` folder, only what lies in it is a sticker."""
    lists = [file for file in source.files if PurePosixPath(file.name).suffix.lower() in manifests.SUFFIXES]
    manifest = manifests.read(lists)
    listed, skipped = {file.name for file in lists}, manifest.not_stickers
    others = [f for f in source.files if f.name not in listed and PurePosixPath(f.name).name not in skipped]
    inside = [file for file in others if FOLDER in PurePosixPath(file.name).parts[:-1]]
    outside = {file.name for file in others} - {file.name for file in inside} if inside else set()
    refused = [(name, _("It lies outside of the folder “stickers”.")) for name in sorted(outside)]
    pictures, too_long = _named(inside or others)
    return Batch(pictures, manifest, [*source.refused, *refused, *too_long, *manifest.problems])


def _named(files: list[File]) -> tuple[dict[str, File], list[tuple[str, str]]]:
    """A sticker is called as its file; files of one name in several folders bring their folders along."""
    times = Counter(PurePosixPath(file.name).name for file in files)
    named, refused = {}, []
    for file in files:
        parts = PurePosixPath(file.name).parts
        below = parts[parts.index(FOLDER) + 1 :] if FOLDER in parts[:-1] else parts
        name = manifests.clean(parts[-1] if times[parts[-1]] == 1 else "_".join(below))
        if len(name) > 200 or name in named:
            refused.append((file.name, _("Its name is too long, or the same as another's.")))
        else:
            named[name] = file
    return named, refused


def prepared(files: Mapping[str, File], known: Callable[[str], bool], *, store: bool) -> Iterator[tuple[str, Any]]:
    """Each file's name with its sha256 when its content is known, its Prepared picture, or Unreadable."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[tuple[str, Future[Any]]] = deque()
        for name, file in files.items():
            ahead.append((name, pool.submit(_prepared, file, known, store)))
            if len(ahead) == AHEAD:
                done, future = ahead.popleft()
                yield done, future.result()
        for done, future in ahead:
            yield done, future.result()


def _prepared(file: File, known: Callable[[str], bool], store: bool) -> str | Prepared | Unreadable:
    try:
        content = file.read()
        digest = sha256_of(content)
        return digest if known(digest) else prepare(file.name, content, store=store)
    except Unreadable as reason:
        return reason
    except OSError:  # the disk, not the file: decoding names what is wrong with files
        raise
    except Exception as error:
        log.exception("%s could not be prepared", file.name)
        return Unreadable(_("It could not be prepared: %(error)s.") % {"error": error})

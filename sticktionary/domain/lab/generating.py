"""A query generator writes for the whole catalogue, in a process of its own: it needs torch."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from retrieval_engine.querygen.bundle import read_manifest
from sticktionary.domain.catalogue import index_changed
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import embedding
from sticktionary.domain.play import checks
from sticktionary.domain.quality import words
from sticktionary.models import GeneratedQuery, ModelVersion, Sticker
from sticktionary.models.players import Language

N_QUERIES = 8  # asked for, per sticker and language
LOOK_UP_EVERY_S = 1.0  # while the child thinks
LEAVES_WITHIN_S = 10.0
LONGEST = 60  # characters
Told = Callable[[int], None]


class Generated(msgspec.Struct, frozen=True):
    text: str
    log_probability: float


class Line(msgspec.Struct, frozen=True):
    """What the child says of a sticker; nothing, with the reason, of one whose picture it cannot read."""

    id: int
    queries: list[Generated]
    error: str = ""


def languages_of(version: ModelVersion) -> list[str]:
    return [language for language in read_manifest(Path(version.path), verify=False).languages if language in Language]


def n_wanted(version: ModelVersion) -> int:
    return embedding.active().count() * len(languages_of(version))


def is_missing(version: ModelVersion) -> bool:
    return any(_missing(version, language).exists() for language in languages_of(version))


def _missing(version: ModelVersion, language: str) -> QuerySet[Sticker]:
    held = GeneratedQuery.objects.filter(sticker=OuterRef("pk"), model=version, language=language)
    return embedding.active().exclude(Exists(held))


def write(version: ModelVersion, told: Told) -> None:
    """Have it write for every sticker and language it has not written for; `told` may end it by raising."""
    n_done = n_wanted(version) - sum(_missing(version, language).count() for language in languages_of(version))
    for language in languages_of(version):
        missing = list(_missing(version, language).order_by("pk").values_list("pk", "image"))
        for line in _lines(version, language, missing) if missing else ():
            if line is not None:
                _keep(version, language, line)
                n_done += 1
            told(n_done)


@transaction.atomic
def _keep(version: ModelVersion, language: str, line: Line) -> None:
    """An empty row says that it had nothing to say, so that it is not asked for ever."""
    kept = {checked.normalised: (checked.text, mean) for checked, mean in _fit(line.queries, language)}
    GeneratedQuery.objects.bulk_create(
        [
            GeneratedQuery(
                sticker_id=line.id,
                language=language,
                text=text,
                normalised=normalised,
                log_probability=mean,
                model=version,
            )
            for normalised, (text, mean) in (kept or {"": ("", 0.0)}).items()
        ],
        ignore_conflicts=True,
    )
    if version.stage == ModelVersion.Stage.CHAMPION:
        index_changed([line.id])


def _fit(queries: Sequence[Generated], language: str) -> Iterator[tuple[checks.Checked, float]]:
    """Those that a player could have written: the same rules for both."""
    for query in sorted(queries, key=lambda query: query.log_probability):
        try:
            checked = checks.check_form(query.text, language)
            words.require_harmless(checked.normalised)
        except Refused:
            continue
        if len(checked.normalised) <= LONGEST:
            yield checked, query.log_probability


# --- the child ---


def _lines(version: ModelVersion, language: str, stickers: Sequence[tuple[int, str]]) -> Iterator[Line | None]:
    """A line for each sticker as it comes; None once a second while nothing does."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "errors.txt").open("w+") as errors:
        wanted = Path(folder, "stickers.jsonl")
        wanted.write_text("".join(_wanted(id, image) for id, image in stickers), encoding="utf-8")
        with _child(version, language, wanted, errors) as child:
            yield from _read(child)
        if child.returncode:
            errors.seek(0)
            said = (errors.read().strip().splitlines() or [f"status {child.returncode}"])[-1]
            raise Refused("generator_failed", _("The query generator stopped: %(why)s") % {"why": said[:500]})


def _wanted(id: int, image: str) -> str:
    return json.dumps({"id": id, "path": str(path_of(image))}) + "\n"


@contextmanager
def _child(version: ModelVersion, language: str, stickers: Path, errors: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    """It ends with us: nobody reads what it would write next."""
    command = [sys.executable, "-m", "retrieval_engine.querygen", "generate", "--bundle", version.path]
    options: dict[str, Any] = {"--stickers": stickers, "--language": language, "--n": N_QUERIES}
    command += [str(part) for option in options.items() for part in option]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    try:
        yield child
        child.wait(LEAVES_WITHIN_S)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _read(child: subprocess.Popen[bytes]) -> Iterator[Line | None]:
    assert child.stdout is not None
    told = SimpleQueue[bytes | None]()
    Thread(target=_pump, args=(child.stdout, told), daemon=True).start()
    while True:
        try:
            line = told.get(timeout=LOOK_UP_EVERY_S)
        except Empty:
            yield None
            continue
        if line is None:
            return
        yield msgspec.json.decode(line, type=Line)


def _pump(pipe: IO[bytes], told: SimpleQueue[bytes | None]) -> None:
    try:
        for line in pipe:
            told.put(line)
    finally:
        told.put(None)

"""A release as a run of conversations takes it: what it may learn from, what it is judged on, and what was left out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...data import DataError
from ...training.release import MANIFEST, Part
from ...training.run import Order, Refused, Reporter
from ..data import candidates, reading
from ..data.candidates import Candidates
from ..data.conversations import Conversations, Use
from ..data.gallery import Gallery
from ..data.reading import LeftOut
from ..data.views import View, view
from ..settings import Training
from ..telling import providing
from ..telling.providers import AT_ONCE, Kind, Provided

FRAMES: Final = "frames"
"""In the run's folder; can be made again."""
LISTS: Final = "candidates.jsonl"
"""In the run's folder: the stored lists, drawn once."""
LEAST: Final = 2
"""Training conversations without which nothing can be told apart."""


def read(order: Order, settings: Training) -> tuple[Conversations, list[Path]]:
    """The conversations of the order's release in the languages of the settings, without what was taken back, and the
    picture of each sticker. Raises `Refused`."""
    folder = Path(order.release)
    if not (folder / MANIFEST).is_file():
        raise Refused(f"{folder}: not a frozen release (no {MANIFEST}).")
    try:
        at_hand = _pictures(order.pictures)
        left_out = LeftOut.read(Path(order.left_out)) if order.left_out else None
        held = reading.read(folder, has_picture=at_hand.keys(), left_out=left_out)
        files = reading.pictures(folder, held, at_hand)
    except DataError as error:
        raise Refused(f"{error}.") from error
    return _in_languages(held, settings.languages), files


def _pictures(path: str) -> dict[str, Path]:
    if not path:
        return {}
    try:
        return {id: Path(file) for id, file in json.loads(Path(path).read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: {error}") from error


def _in_languages(held: Conversations, wanted: str) -> Conversations:
    named = {name.strip() for name in wanted.split(",") if name.strip()}
    there = sorted({use.language for use in held.uses})
    if missing := sorted(named - set(there)):
        raise Refused(
            f"The release has no conversation in {', '.join(missing)}; its languages are {', '.join(there) or 'none'}."
        )
    if not named:
        return held
    uses = [use for use in held.uses if use.language in named]
    n_others = len(held.uses) - len(uses)
    return Conversations(held.stickers, uses, held.dropped | ({"another language": n_others} if n_others else {}))


def digests(files: Sequence[Path]) -> dict[str, Path]:
    """Pictures by the SHA-256 of their files, by which providers know them."""
    return {_digest(file): file for file in files}


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}.") from error


def described(held: Conversations, attributes: Provided, files: Sequence[Path]) -> Conversations:
    """With the attributes that nobody said told by a provider, in the language that most conversations are in."""
    [(language, _n)] = Counter(use.language for use in held.uses).most_common(1) or [("en", 0)]
    return providing.described(held, attributes, list(map(_digest, files)), language)


@dataclass(frozen=True, slots=True)
class Material:
    """`view` is what the recipe learns from; `test` and `validation` what it is judged on, which is the same for every
    recipe; `lists` are their stored lists of candidates, by use."""

    gallery: Gallery
    view: View
    validation: list[Use]
    test: list[Use]
    lists: Mapping[str, Candidates]

    @classmethod
    def prepare(
        cls, recipe: str, held: Conversations, files: Sequence[Path], size: int, settings: Training, report: Reporter
    ) -> Material:
        """Decode the pictures to `size` and draw the lists, unless both are in the run's folder. Raises `Stopped`."""
        report.phase("preparing", len(files))
        gallery = decoded(held, files, size, report.folder / FRAMES, report)
        known = gallery.conversations
        validation = some(known.of("validation"), settings.validated)
        test = some(known.of("test"), settings.judged)
        lists = _lists([*validation, *test], gallery, settings.listed, report.folder / LISTS)
        return cls(gallery, view(recipe, known, n_turns=settings.n_turns), validation, test, lists)

    def to_learn_from(self) -> list[Use]:
        """The training conversations. Raises `Refused` for too few."""
        uses = self.view.of("train")
        if len(uses) < LEAST:
            told = "; ".join(f"{n} left out: {reason}" for reason, n in sorted(self.view.dropped.items()))
            raise Refused(
                f"There are {len(uses)} training conversations that end with a sticker, and at least {LEAST} are "
                f"needed{f' ({told})' if told else ''}."
            )
        return uses

    def facts(self) -> dict[str, Any]:
        """What there is, in numbers."""
        uses = self.view.uses
        parts: tuple[Part, ...] = ("train", "validation", "test")
        return {
            "n_stickers": len(self.gallery),
            **{f"n_{part}": len(self.view.of(part)) for part in parts},
            "n_judged": len(self.test),
            "n_intents": len(self.gallery.conversations.intents),
            "languages": sorted({use.language for use in uses}),
            "dropped": dict(self.view.dropped),
            "lacking": dict(self.view.lacking),
        }

    def notes(self) -> list[str]:
        """What was left out, and what the model had to do without, in sentences."""
        left_out = [f"{n} uses left out: {reason}." for reason, n in sorted(self.view.dropped.items())]
        return left_out + [f"{n} uses without {reason}." for reason, n in sorted(self.view.lacking.items())]


def decoded(held: Conversations, files: Sequence[Path], size: int, folder: Path, report: Reporter) -> Gallery:
    """The stickers with their pictures in a square of `size`; those that cannot be read are left out, and said so."""
    try:
        gallery = Gallery.decoded(held, files, size, folder, lambda n: report.step(n, len(files), {}))
    except OSError as error:
        if error.filename is None:
            raise
        raise Refused(f"{error.filename}: {error.strerror}.") from error
    for file, problem in gallery.frames.problems.items():
        report.warn(f"{file} is left out: {problem}.")
    if not len(gallery):
        raise Refused("The release holds no sticker whose picture can be read.")
    return gallery


def some(uses: Sequence[Use], most: int) -> list[Use]:
    """`most` of them, the same for every run, in their order."""
    chosen = sorted(uses, key=lambda use: hashlib.sha256(use.id.encode()).digest())[:most]
    kept = {use.id for use in chosen}
    return [use for use in uses if use.id in kept]


def _lists(uses: Sequence[Use], gallery: Gallery, n: int, path: Path) -> dict[str, Candidates]:
    """The lists in `path`, or drawn into it: the same for every run over the same stickers, whatever its towers see."""
    protocol, place = f"pack{n}@1", gallery.conversations.place
    if path.exists():
        kept = candidates.read(path)
        rows = [kept.get(use.id) for use in uses]
        if all(row is not None and row.protocol == protocol and all(id in place for id in row.list) for row in rows):
            return kept
    drawn = candidates.draw(uses, gallery, n=n, protocol=protocol)
    candidates.write(drawn, path)
    return {row.sample_id: row for row in drawn}


def asked(told: Mapping[Kind, Provided], held: Conversations, n_turns: int, report: Reporter) -> list[dict[str, Any]]:
    """Ask every provider for all that the models will ask of it, once, before anything is learned; who gave how many of
    the values, a row for each kind."""
    for provided in told.values():
        if provided.kind == "attributes":
            continue  # was asked when the stickers were read
        people = _people(provided, held)
        inputs = providing.wanted(provided.kind, held, n_turns=n_turns)
        n_inputs, n_done = sum(map(len, inputs.values())), 0
        report.phase("preparing", n_inputs)
        for language, texts in inputs.items():
            for start in range(0, len(texts), AT_ONCE):
                part = texts[start : start + AT_ONCE]
                provided(part, language)
                n_done += len(part)
                report.step(n_done, n_inputs, {})
        if people:
            provided.counts["person"] = provided.counts.get("person", 0) + people
    return [provided.told() for provided in told.values()]


def _people(provided: Provided, held: Conversations) -> int:
    """How many of the values people have said."""
    if provided.kind == "summary":
        return len({session.id for use in held.uses for session in use.earlier if session.summary})
    if provided.kind == "sentiment":
        return len({(turn.speaker, turn.text) for use in held.uses for turn in use.context if turn.polarity})
    return 0

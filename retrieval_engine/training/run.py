"""A run is a folder: what was asked, what happened, what came of it. Whoever started it watches the folder.

run.json         the order: recipe, settings, data, base, seed, device
progress.jsonl   a line for each event, flushed at once (`Event`)
stop             put here by the watcher: the run leaves after its step, with a checkpoint
checkpoint/      what a later start of the same run goes on from
tensorboard/     event files
report.json      figures on the test split (`figures.Report`)
bundle/          the model, published
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from .presence import nobody_watches

logger = logging.getLogger(__name__)

ORDER: Final = "run.json"
PROGRESS: Final = "progress.jsonl"
STOP: Final = "stop"
CHECKPOINT: Final = "checkpoint"
TENSORBOARD: Final = "tensorboard"
REPORT: Final = "report.json"
BUNDLE: Final = "bundle"

Phase = Literal["preparing", "training", "evaluating", "publishing"]
EventKind = Literal["phase", "step", "score", "checkpoint", "warning", "log", "facts", "end"]
Ending = Literal["done", "stopped", "refused", "diverged", "failed"]
EXIT: Final[dict[Ending, int]] = {"done": 0, "failed": 1, "refused": 2, "stopped": 3, "diverged": 4}
"""A run's exit status. Refused: nothing was begun. Diverged: the loss is no number; a checkpoint is kept."""


class Refused(ValueError):
    """The order cannot be carried out: no data, no base model, ...; the message says why to a researcher."""


class Diverged(RuntimeError):
    """The loss is no number any more."""


class Stopped(Exception):
    """Somebody asked for the run to end, or nobody watches it any more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked. Paths are absolute; values have been checked against the recipe's settings."""

    recipe: str
    settings: dict[str, Any]
    release: str
    """Folder of the frozen release to learn from and to be judged on."""
    base: str = ""
    """What to start from: a name, a path, "tiny"; empty for the recipe's default."""
    seed: int = 0
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    pictures: str = ""
    """A JSON file {sticker_id: path of its picture} for what the release may not carry; empty for its own alone."""
    left_out: str = ""
    """A JSON file {"queries": [query_id], "stickers": [sticker_id], "chats": [chat_id]} of what was taken back since;
    empty for none."""
    live: str = ""
    """Bundle of the live model, to be compared with; empty for words alone."""
    generator: str = ""
    """Bundle of the live query generator, to be compared with; empty for none."""
    dialogue: str = ""
    """Bundle of the live conversation model, to be compared with; empty for none."""
    evaluate: bool = False
    """Train nothing: measure `base`, a bundle, on the release. There is a report at the end, and no new bundle."""
    watched: bool = False
    """Leave when whoever started this process is gone (`presence.nobody_watches`)."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The order in a run's folder. Raises `Refused`."""
        try:
            return cls(**json.loads((folder / ORDER).read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise Refused(f"{folder / ORDER}: {error}") from error

    def write(self, folder: Path) -> None:
        """Into a run's folder, which is made. There is a whole order in it or none."""
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{ORDER}.part"
        unfinished.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(unfinished, folder / ORDER)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of `progress.jsonl`.

    phase       text: the phase that begins; n_steps when it has a known number
    step        step, n_steps, values: loss, learning_rate, per_s (examples a second), memory_bytes, ... of one step
    score       step, values: what was measured on the validation split ("validation/mrr")
    checkpoint  step
    warning     text: what was done differently than asked, and why
    log         text
    facts       values: device, packages, n_stickers, n_trainable, ...
    end         text: an `Ending`; values: {"message": ...}
    """

    at: float
    kind: EventKind
    step: int = 0
    n_steps: int = 0
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class Reporter:
    """What a run tells. Every call that has a step is also where the run can be stopped: it may raise `Stopped`."""

    def __init__(self, folder: Path, *, watched: bool = False) -> None:
        self.folder = folder
        self.watched = watched
        self._speaks = os.environ.get("RANK", "0") == "0"  # of several processes of a run, the first
        self._file = (folder / PROGRESS).open("a", encoding="utf-8")
        if self._speaks and not _is_whole(folder / PROGRESS):
            self._file.write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def phase(self, phase: Phase, n_steps: int = 0) -> None:
        """A phase begins."""
        self._tell("phase", n_steps=n_steps, text=phase)

    def step(self, step: int, n_steps: int, values: Mapping[str, float]) -> None:
        """A step of the phase is done. Raises `Stopped` when the run is to end: save a checkpoint and let it pass."""
        self._tell("step", step=step, n_steps=n_steps, values=dict(values))
        self.look_up()

    def score(self, step: int, values: Mapping[str, float]) -> None:
        """Something was measured on the validation split."""
        self._tell("score", step=step, values=dict(values))

    def checkpoint(self, step: int) -> None:
        """All up to `step` is kept."""
        self._tell("checkpoint", step=step)

    def warn(self, text: str) -> None:
        """Something is done differently than was asked."""
        logger.warning(text)
        self._tell("warning", text=text)

    def log(self, text: str) -> None:
        """For who reads along."""
        logger.info(text)
        self._tell("log", text=text)

    def facts(self, values: Mapping[str, Any]) -> None:
        """What the run found itself with."""
        self._tell("facts", values=dict(values))

    def end(self, ending: Ending, message: str = "") -> None:
        """The last line."""
        self._tell("end", text=ending, values={"message": message})

    def look_up(self) -> None:
        """Raise `Stopped` when somebody wants the run to end, or nobody watches any more."""
        if (self.folder / STOP).exists():
            raise Stopped("asked to stop")
        if self.watched and nobody_watches():
            raise Stopped("nobody watches any more")

    def _tell(self, kind: EventKind, **rest: Any) -> None:
        if not self._speaks:
            return
        self._file.write(json.dumps(asdict(Event(time.time(), kind, **rest)), ensure_ascii=False) + "\n")
        self._file.flush()


def _is_whole(path: Path) -> bool:
    """Whether the last line has its end: a process that was killed, or a full disk, may have cut it short."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read_events(folder: Path, start: int = 0) -> Iterator[tuple[int, Event]]:
    """The events from byte `start` on, each with the byte after it. A line still being written is left alone; one that
    was cut short is passed over."""
    path = folder / PROGRESS
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            if (event := _event(line)) is not None:
                yield start, event


def _event(line: bytes) -> Event | None:
    try:
        return Event(**json.loads(line))
    except (TypeError, ValueError):
        return None

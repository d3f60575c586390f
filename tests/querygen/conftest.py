from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import torch

from retrieval_engine.querygen.loading import load
from retrieval_engine.querygen.model import VisionLanguage
from retrieval_engine.training.__main__ import carry_out
from retrieval_engine.training.figures import Report
from retrieval_engine.training.run import BUNDLE, REPORT, Event, Order, read_events
from tests.querygen import releases
from tests.querygen.releases import Row

torch.set_num_threads(1)  # tiny models: more threads only wait for each other

CPU = torch.device("cpu")
EIGHT: Final = [f"{who}_{what}.webp" for who in ("panda", "cat") for what in ("haha", "hungry", "good_night", "angry")]
"""Stickers of the starter pack."""
QUICK: Final[dict[str, Any]] = {
    "epochs": 2, "batch": 16, "part": 16, "learning_rate": 5e-3, "warm_up": 0.05, "patience": 0, "written": 2,
    "samples": 1,
}  # fmt: skip


def tiny(seed: int = 0) -> VisionLanguage:
    """A model made here, that knows some words."""
    return load("tiny", CPU, texts=["so tired, need a nap, happy tears", "好累, 想睡觉, 笑出眼泪"], seed=seed)


@pytest.fixture(autouse=True)
def _nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test asks for, here or in a process of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def held() -> VisionLanguage:
    return tiny()


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder, and how it ended."""

    folder: Path
    ending: str
    message: str

    @property
    def events(self) -> list[Event]:
        return [event for _, event in read_events(self.folder)]

    @property
    def report(self) -> Report:
        return Report.read(self.folder / REPORT)

    @property
    def bundle(self) -> Path:
        return self.folder / BUNDLE

    def losses(self) -> list[float]:
        return [event.values["loss"] for event in self.events if event.kind == "step" and "loss" in event.values]

    def facts(self) -> dict[str, Any]:
        told = [event.values for event in self.events if event.kind == "facts"]
        return {name: value for values in told for name, value in values.items()}


def run(
    folder: Path, rows: Sequence[Row], *, base: str = "tiny", order: dict[str, Any] | None = None, **settings: Any
) -> Run:
    """Carry out a run on a release of those stickers."""
    release = folder / "release"
    if not release.exists():
        releases.write(release, rows)
    asked = {"base": base, "device": "cpu", **(order or {})}
    Order("querygen", {**QUICK, **settings}, str(release), **asked).write(folder / "run")
    return Run(folder / "run", *carry_out(folder / "run"))


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Eight stickers of the starter pack, learned by heart."""
    rows = releases.pack(dict.fromkeys(EIGHT, "train"))
    return run(tmp_path_factory.mktemp("learned"), rows, epochs=260, learning_rate=5e-3, written=8, samples=4)


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Shapes in colours; those that are judged are other pairs of both than those that were learned."""
    folder = tmp_path_factory.mktemp("seen")
    return run(folder, releases.shapes(folder / "shapes"), epochs=20)

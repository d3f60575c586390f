"""What goes in and out: the fields that the API promises, made from the rows and figures behind them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from retrieval_engine.training.recipes import Recipe
from sticktionary.domain.lab import comparison, runs
from sticktionary.domain.releases import handing_out
from sticktionary.models import ModelVersion, Release, RunEvent, TrainingRun

Device = Literal["auto", "cpu", "cuda", "mps"]
Value = bool | int | float | str


class Incoming(Schema):
    """What a program sends; a field that is not known is refused rather than passed over."""

    model_config = ConfigDict(extra="forbid")


# --- releases and recipes ---


class ReleaseOut(Schema):
    """A frozen dataset."""

    number: int
    title: str
    frozen_at: datetime | None
    withdrawn_at: datetime | None
    is_usable: bool = Field(description="Whether a run can start from it: there, and not withdrawn.")
    counts: dict[str, int]
    languages: list[str]

    @staticmethod
    def resolve_is_usable(release: Release) -> bool:
        return handing_out.is_out(release)

    @staticmethod
    def resolve_counts(release: Release) -> dict[str, int]:
        return dict(release.manifest.get("counts", {}))

    @staticmethod
    def resolve_languages(release: Release) -> list[str]:
        return list(release.rules.get("languages", ()))


class SettingOut(Schema):
    """One setting of a recipe. `low` and `high` are allowed."""

    name: str
    type: Literal["int", "float", "bool", "str"]
    default: Value
    help: str
    low: float | None
    high: float | None
    choices: list[str]
    advanced: bool


class RecipeOut(Schema):
    """A way to train, with all that it can be told."""

    name: str
    title: str
    about: str
    kind: ModelVersion.Kind
    default_base: str
    settings: list[SettingOut]

    @staticmethod
    def resolve_settings(recipe: Recipe) -> list[dict[str, Any]]:
        return [
            {
                "type": part.kind.__name__,
                "choices": list(part.choices),
                **{name: getattr(part, name) for name in ("name", "default", "help", "low", "high", "advanced")},
            }
            for part in recipe.described()
        ]


# --- runs ---


class Order(Incoming):
    """What to train. What is left out has the recipe's default."""

    recipe: str
    release: int = Field(description="The number of a release.")
    base: str = Field("", description="A model's name, a path on the server, “tiny”, or none for the recipe's default.")
    settings: dict[str, Value] = Field(default_factory=dict)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    device: Device = "auto"
    title: str = Field("", max_length=120)


class EstimateOut(Schema):
    """What a run will take, roughly."""

    seconds: float
    memory_bytes: int
    because: str


class RunOut(Schema):
    """A training run."""

    id: int
    title: str
    recipe: str
    release: int | None
    base: str
    settings: dict[str, Any]
    seed: int
    device: str
    status: runs.Status
    phase: str
    n_done: int = Field(description="Steps of the phase that are done, of `n_total`.")
    n_total: int
    seconds_left: float | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    code_version: str
    packages: dict[str, Any]
    facts: dict[str, Any]
    error: str
    model: int | None = Field(description="The model it made, if it is done.")

    @staticmethod
    def resolve_release(run: TrainingRun) -> int | None:
        return run.release.number

    @staticmethod
    def resolve_status(run: TrainingRun) -> runs.Status:
        return runs.status_of(run)

    @staticmethod
    def resolve_seconds_left(run: TrainingRun) -> float | None:
        return runs.seconds_left(run)

    @staticmethod
    def resolve_model(run: TrainingRun) -> int | None:
        return run.model.pk if hasattr(run, "model") else None


class EventOut(Schema):
    """A line of a run's progress."""

    position: int
    at: datetime
    kind: str
    step: int
    n_steps: int
    text: str
    values: dict[str, Any]

    @staticmethod
    def resolve_n_steps(event: RunEvent) -> int:
        return int(event.data.get("n_steps", 0))

    @staticmethod
    def resolve_text(event: RunEvent) -> str:
        return str(event.data.get("text", ""))

    @staticmethod
    def resolve_values(event: RunEvent) -> dict[str, Any]:
        return dict(event.data.get("values", {}))


class Events(Schema):
    """A piece of a run's progress. Ask again with `after` = `next` for what comes then."""

    items: list[EventOut]
    next: int


class FigureOut(Schema):
    """One number, with its 95 % interval over `n` queries and what a random order gives."""

    task: str
    method: str
    language: str
    metric: str
    value: float
    low: float | None
    high: float | None
    chance: float | None
    n: int
    n_gallery: int
    n_dropped: int
    tied: float | None


class Figures(Schema):
    """All that a run measured on the test split."""

    headline: list[str] = Field(description="Task, method, language and metric of the figure that decides.")
    figures: list[FigureOut]
    notes: list[str]


# --- models ---


class ModelOut(Schema):
    """A model version."""

    id: int
    name: str
    title: str
    kind: ModelVersion.Kind
    stage: ModelVersion.Stage
    state: ModelVersion.State = Field(description="Of its last long work: installing, or being brought live.")
    n_done: int
    n_total: int
    is_shadow: bool
    run: int | None
    approved_at: datetime | None
    promoted_at: datetime | None
    why: str
    error: str

    @staticmethod
    def resolve_run(version: ModelVersion) -> int | None:
        return version.run_id


class ComparedFigure(Schema):
    """One figure of both. `gain` is candidate less live, with its 95 % interval."""

    task: str
    language: str
    metric: str
    candidate: FigureOut
    live: FigureOut
    gain: float
    low: float | None
    high: float | None
    is_paired: bool = Field(description="Whether the interval goes query by query; else it is wider.")


class ComparisonOut(Schema):
    """A model beside what is live."""

    live: str = Field(description="The model it stands beside; “bm25” for words alone, empty for none.")
    verdict: comparison.Verdict
    needs_reason: bool
    why_not: str
    headline: ComparedFigure | None
    rows: list[ComparedFigure]


class Reason(Incoming):
    why: str = Field("", max_length=300)


class RollBack(Reason):
    kind: ModelVersion.Kind = ModelVersion.Kind.RETRIEVAL


# --- search ---


class HitOut(Schema):
    """A sticker found, and what found it."""

    rank: int
    sticker: int
    picture: str = Field(description="Its address on this server.")
    alt: str
    score: float
    lexical_rank: int | None
    dense_rank: int | None
    generated_rank: int | None = Field(description="By words that a generator wrote, which count less.")


class Found(Schema):
    model: str
    ms: float
    hits: list[HitOut]

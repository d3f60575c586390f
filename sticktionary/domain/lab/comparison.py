"""A candidate beside the live model: figures measured on the same queries, or a sentence why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext as _

from retrieval_engine.training.figures import Figure, Report, apart
from retrieval_engine.training.recipes import Kind, recipes
from sticktionary.domain.lab import registry
from sticktionary.models import ModelVersion, Release, TrainingRun

LIVE, GAIN = "live", "gain"  # methods in reports: the live model, and the paired difference to it
NOTHING_LIVE: dict[Kind, str] = {"retrieval": "bm25", "generator": "untrained", "dialogue": "bm25"}
"""The method to be beaten then."""
Key = tuple[str, str, str]  # task, language, metric


class Verdict(StrEnum):
    BETTER = "better"
    SAME = "same"  # as far as so many queries can tell
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Row:
    """One figure of both. `gain` is candidate less live with its 95 % interval: by the same queries pair by pair where
    the report has it, else from both intervals, which is wider."""

    task: str
    language: str
    metric: str
    candidate: Figure
    live: Figure
    gain: float
    low: float | None
    high: float | None
    is_paired: bool

    @property
    def verdict(self) -> Verdict:
        if self.low is None or self.high is None:
            return Verdict.SAME
        return Verdict.BETTER if self.low > 0 else Verdict.WORSE if self.high < 0 else Verdict.SAME


@dataclass(frozen=True)
class Comparison:
    live: str  # the model it stands beside; "bm25" for words alone, empty for none
    headline: Row | None = None
    rows: list[Row] = field(default_factory=list)
    why_not: str = ""
    doubt: str = ""  # what else speaks against it
    caution: str = ""  # why the live model's figures may be too good

    @property
    def verdict(self) -> Verdict:
        return self.headline.verdict if self.headline else Verdict.UNKNOWN

    @property
    def needs_reason(self) -> bool:
        """Whoever wants it all the same says why: it measured lower, however little, or nobody knows."""
        return self.headline is None or self.headline.gain < 0 or bool(self.doubt)


def compare(version: ModelVersion) -> Comparison:
    """A candidate with what is live now."""
    live = registry.champion(version.kind)
    name = live.name if live else registry.WORDS_ONLY if version.kind == registry.Kind.RETRIEVAL else ""
    ours = report_of(version.run)
    if version.run is None or ours is None:
        return Comparison(name, why_not=_("It was not trained here, so nothing is known of how it compares."))
    method, theirs = _other_side(version.run, ours, live)
    if theirs is None:
        return Comparison(name, why_not=_why_not(version.run, live))
    rows = _rows(ours, theirs, method)
    task, _method, language, metric = ours.headline
    headline = next((row for row in rows if (row.task, row.language, row.metric) == (task, language, metric)), None)
    if headline is None:
        return Comparison(
            name, rows=rows, why_not=_("The figure that decides was not measured for what it is to beat.")
        )
    return Comparison(name, headline, rows, doubt=_doubt(version.run.release), caution=_caution(live))


def _doubt(release: Release) -> str:
    if release.withdrawn_at is None:
        return ""
    text = _("The release it learnt from, “%(release)s”, was withdrawn: %(why)s")
    return text % {"release": release, "why": release.why_withdrawn}


def _caution(live: ModelVersion | None) -> str:
    if live is None or live.run_id is not None:
        return ""
    text = _(
        "%(live)s did not come from a run here. It may have learnt from these very stickers: then it looks too good."
    )
    return text % {"live": live.name}


def report_of(run: TrainingRun | None) -> Report | None:
    return Report.of(run.report) if run is not None and run.report else None


def _other_side(run: TrainingRun, ours: Report, live: ModelVersion | None) -> tuple[str, Report | None]:
    """The report that holds the live model's figures, and under which method: the candidate's own where that model was
    live when it was measured; else one in which the live model was measured on the same release."""
    if live is None:
        return NOTHING_LIVE[recipes()[run.recipe].kind], ours
    if run.facts.get(LIVE) == live.name:
        return LIVE, ours
    theirs = report_of(_measured(live, run))
    return (theirs.headline[1], theirs) if theirs else (LIVE, None)


def _measured(live: ModelVersion, beside: TrainingRun) -> TrainingRun | None:
    """The run that made the live model, or a later one that measured it, if on the same release."""
    its_own = Q(model=live) | Q(is_evaluation=True, base__in=[live.name, live.path])
    runs = TrainingRun.objects.filter(its_own, release=beside.release_id)
    return runs.filter(state=TrainingRun.State.DONE).order_by("-pk").first()


def _why_not(run: TrainingRun, live: ModelVersion | None) -> str:
    name = live.name if live else ""
    if live is not None and live.run is not None and live.run.release_id != run.release_id:
        text = _("%(live)s was measured on “%(theirs)s”, this one on “%(ours)s”: these are different tests.")
        said = text % {"live": name, "theirs": live.run.release, "ours": run.release}
    else:
        said = _("%(live)s was not measured on “%(ours)s”.") % {"live": name, "ours": run.release}
    return said + " " + _("Have the live model measured on that release, then look again.")


def _rows(ours: Report, theirs: Report, method: str) -> list[Row]:
    """The figures that both have, on the same number of queries among the same number of stickers."""
    mine, others = _by_key(ours, ours.headline[1]), _by_key(theirs, method)
    gains = _by_key(ours, GAIN) if (theirs is ours and method == LIVE) else {}
    return [
        _row(figure, others[key], gains.get(key))
        for key, figure in mine.items()
        if key in others and (figure.n, figure.n_gallery) == (others[key].n, others[key].n_gallery)
    ]


def _by_key(report: Report, method: str) -> Mapping[Key, Figure]:
    return {(f.task, f.language, f.metric): f for f in report.figures if f.method == method}


def _row(ours: Figure, theirs: Figure, gain: Figure | None) -> Row:
    key = (ours.task, ours.language, ours.metric)
    if gain is not None:
        return Row(*key, ours, theirs, gain.value, gain.low, gain.high, True)
    gap, low, high = apart(ours, theirs) or (ours.value - theirs.value, None, None)
    return Row(*key, ours, theirs, gap, low, high, False)

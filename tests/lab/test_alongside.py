"""Runs beside each other: use by use where that is known, with their ablations, and with what papers print."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from scipy.stats import binomtest

from retrieval_engine.dialogue.runs import published
from retrieval_engine.training.figures import Figure, Report, difference
from sticktionary.domain.lab import alongside
from sticktionary.models import Player, Release, TrainingRun
from sticktionary.web import lab_figures, lab_help, lab_published
from tests.people.conftest import client_of

KEY = ("reply/gallery", "all", "map[intent]")
USES = [f"smp_{n}" for n in range(40)]


@pytest.fixture
def release(db: None) -> Release:
    return numbered(1)


def numbered(number: int) -> Release:
    return Release.objects.create(title="Chats", number=number, watermark_at=timezone.now(), path=str(number))


@pytest.fixture(autouse=True)
def _own_runs(settings: object, tmp_path: Path) -> None:
    settings.RUNS_DIR = tmp_path  # type: ignore[attr-defined]


def figure(metric: str, value: float, *, task: str = KEY[0], method: str = "trained", language: str = "all") -> Figure:
    return Figure(task, method, language, metric, value, value - 0.2, value + 0.2, 0.1, 40, 30)


def run(release: Release, values: list[float] | None = None, *, recipe: str = "igsr", **told: object) -> TrainingRun:
    """One that is over; with what its model got on each use, unless its files are gone."""
    value = sum(values or [0.5]) / len(values or [0.5])
    figures = [
        figure("map[intent]", value),
        figure("hit_at_1[intent]", 0.25),
        figure("hit_at_1[intent]", 0.05, method="bm25"),
    ]
    report = Report(recipe, ("reply/gallery", "trained", "all", "map[intent]"), figures)
    made = TrainingRun.objects.create(
        title=f"{recipe} {value:.2f}", recipe=recipe, base="tiny", release=release, state="done", settings=told,
        report=asdict(report),
    )  # fmt: skip
    TrainingRun.objects.filter(pk=made.pk).update(path=str(made.pk))
    if values is not None:
        folder = Path(settings.RUNS_DIR, str(made.pk))
        folder.mkdir()
        row = dict(zip(("task", "language", "metric"), KEY, strict=True)) | {
            "uses": USES[: len(values)],
            "values": values,
        }
        (folder / alongside.VALUES).write_text(json.dumps(row) + "\n")
    return TrainingRun.objects.get(pk=made.pk)


def test_runs_are_told_apart_use_by_use(release: Release) -> None:
    worse = [0.1 + 0.02 * n for n in range(40)]
    better = [value + 0.03 for value in worse]  # far less than the uses differ among themselves
    first, second = run(release, worse), run(release, better)
    gap, low, high = alongside.gaps(first, second, [KEY])[KEY]
    assert (gap, low, high) == pytest.approx((0.03, 0.03, 0.03))
    assert (gap, low, high) == pytest.approx(difference(better, worse))
    backwards = Path(settings.RUNS_DIR, str(second.pk), alongside.VALUES)
    row = json.loads(backwards.read_text())
    row |= {"uses": row["uses"][::-1], "values": row["values"][::-1]}
    backwards.write_text(json.dumps(row) + "\n")
    alongside._read.cache_clear()
    assert alongside.gaps(first, second, [KEY])[KEY][0] == pytest.approx(0.03)


def test_without_the_same_uses_nothing_is_paired(release: Release) -> None:
    first = run(release, [0.5] * 40)
    fewer, gone = run(release, [0.4] * 39), run(release)
    other = numbered(2)
    assert [alongside.gaps(first, second, [KEY]) for second in (fewer, gone, run(other, [0.4] * 40))] == [{}, {}, {}]


def test_ablations_differ_in_one_setting(release: Release) -> None:
    full = run(release, memory="words", intent_weight=1.0)
    without = run(release, memory="none", intent_weight=1.0)
    run(release, memory="none", intent_weight=0.0)
    run(release, memory="words", intent_weight=1.0)  # the same again, with another seed
    run(release, recipe="int_ra", memory="none", intent_weight=1.0)
    assert alongside.ablations_of(full) == [without]


def test_the_page_pairs_what_it_can_and_shows_what_papers_print(release: Release, researcher: Player) -> None:
    worse = [0.1 + 0.02 * n for n in range(40)]
    first, second = run(release, worse), run(release, [value + 0.03 for value in worse])
    context = client_of(researcher).get(reverse("lab_compare"), {"run": [first.pk, second.pk]}).context
    paired = {line.metric: line.cells[1][1] for line in context["compared"]}
    told = {metric: (each.is_paired, each.is_clear) for metric, each in paired.items() if each is not None}
    same = "what is mostly used for the same intent"
    assert told == {f"MAP · {same}": (True, True), f"hit@1 · {same}": (False, False)}
    [sheet] = context["sheets"]
    assert (sheet.name, [line.name for line in sheet.ours]) == (
        "multichat",
        [first.title, second.title, "words alone (BM25)"],
    )
    assert [line.cells[0].value for line in sheet.ours] == [25.0, 25.0, 5.0]
    assert {cell.value for line in sheet.ours for cell in line.cells[1:]} == {None}  # of no metric that is another one


def test_up_to_eight_runs_stand_side_by_side(release: Release, researcher: Player) -> None:
    ids = [run(release).pk for _ in range(9)]
    context = client_of(researcher).get(reverse("lab_compare"), {"run": ids}).context
    assert ([row["run"].pk for row in context["rows"]], len(context["drawn"])) == (ids[:8], 4)


def test_a_report_of_conversations_is_shelved_by_task_and_sense() -> None:
    figures = [figure("map[exact]", 0.1), figure("map[intent]", 0.2), figure("map_10", 0.3, task="reply/candidates")]
    figures += [replace(each, language="en") for each in figures]
    tables = lab_figures.tables(Report("igsr", (*KEY[:1], "trained", "all", "map[intent]"), figures))
    assert (tables[0].metrics, len(tables)) == (["MAP"], 6)
    assert tables[0].rows[0][2] == [figures[1]]
    assert [len(shelf.tables) for shelf in lab_figures.shelves(tables)] == [3, 2]


# --- what papers print ---


def test_published_figures_are_whole_and_possible() -> None:
    for table in published.TABLES:
        assert {len(row.values) for row in table.rows} == {len(table.columns)}
        assert all(value is None or 0 <= value <= 100 for row in table.rows for value in row.values)
        assert published.OTHER_DATA in table.warnings
        cut_offs = [at for at, column in enumerate(table.columns) if "@" in column.printed]
        for row in table.rows:  # more of the first N are hit the more they are
            found = [value for at in cut_offs if (value := row.values[at]) is not None]
            assert found == sorted(found), (table.name, row.model)


def test_what_is_called_p_at_n_counts_154_cases() -> None:
    table = published.STICKERINT
    for row in table.rows:
        for value in row.values[:3]:
            assert value is not None
            assert abs(value - 100 * round(value * 1.54) / 154) < 0.02, row.model  # papers round, or cut off


@settings_of_hypothesis(max_examples=30)
@given(n=st.integers(1, 2_000), data=st.data())
def test_intervals_of_shares_are_wilsons(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    known = binomtest(k, n).proportion_ci(method="wilson")
    assert published.wilson(k / n, n) == pytest.approx((known.low, known.high), abs=1e-6)


def test_all_that_stands_beside_published_figures_is_there_to_be_translated() -> None:
    told = {text for table in published.TABLES for text in table.warnings}
    told |= {column.remark for table in published.TABLES for column in table.columns if column.remark}
    assert set(lab_help.PUBLISHED) == told


def test_only_tables_of_the_recipes_at_hand_are_shown(release: Release, client: Client) -> None:
    names = {
        recipe: [s.name for s in lab_published.sheets([run(release, recipe=recipe)])]
        for recipe in ("pbr", "stickerllm")
    }
    assert names == {"pbr": ["stickerchat", "mod-pbr"], "stickerllm": ["sticker820k"]}
    assert lab_published.sheets([run(release, recipe="stickerclip")]) == []

"""The nightly table: what was run is not run again, and what does not hold is said and fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import dialogue
from benchmarks._planted import EXPERIMENTS, Experiment, Outcome, Sign
from benchmarks.dialogue import Kept


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was run, of a world in which the whole comes to .8 and .9, and a part of it to .5."""
    told = list[tuple[str, int]]()

    def whole(seed: int) -> Outcome:
        told.append(("whole", seed))
        return Outcome({"map": 0.8 + seed / 10}, 40, 2.0)

    def part(seed: int) -> Outcome:
        told.append(("part", seed))
        return Outcome({"map": 0.5, "D": 1.5}, 40, 1.0)

    signs = [Sign("map", "whole", "part", 0.3), Sign("map", "whole", 0.9), Sign("map", "whole", "another")]
    world = Experiment("A world", {"map": 0.41}, {"whole": whole, "part": part}, signs)
    monkeypatch.setattr(dialogue, "EXPERIMENTS", {"world": world})
    return told


def test_the_table_has_mean_spread_chance_steps_and_seconds_and_what_does_not_hold(
    asked: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dialogue.main(["world", "--seeds", "0", "1"]) == 1
    assert asked == [("whole", 0), ("part", 0), ("whole", 1), ("part", 1)]
    assert capsys.readouterr().out.split("\n") == [
        "",
        "### A world",
        "",
        "| | map | D | seeds | steps | s |",
        "| --- | --- | --- | --- | --- | --- |",
        "| whole | 0.85 [0.80, 0.90] |  | 2 | 40 | 2 |",
        "| part | 0.50 [0.50, 0.50] | 1.50 [1.50, 1.50] | 2 | 40 | 1 |",
        "| chance | 0.41 |  | | | |",
        "",
        "* map: whole > part +0.30: holds (by +0.35)",
        "* map: whole > 0.90 +0.00: DOES NOT HOLD (by -0.05)",
        "* map: whole > another +0.00: not run",
        "",
    ]


def test_what_is_kept_is_not_run_again(
    asked: list[tuple[str, int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept.jsonl"
    dialogue.main(["world", "--kept", str(file)])
    first = capsys.readouterr().out
    asked.clear()
    dialogue.main(["world", "--kept", str(file), "--seeds", "0"])
    assert (asked, capsys.readouterr().out) == ([], first)
    dialogue.main(["world", "--kept", str(file), "--seeds", "0", "2"])
    assert asked == [("whole", 2), ("part", 2)]
    assert Kept(file, "another").of([0, 2]) == {}


def test_what_must_hold_is_of_variants_that_there_are() -> None:
    for experiment in EXPERIMENTS.values():
        sides = {side for sign in experiment.signs for side in (sign.better, sign.worse) if isinstance(side, str)}
        assert sides <= set(experiment.variants)


def test_an_unknown_world_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dialogue.main(["atlantis"])
    assert "no world atlantis; there are int_ra" in capsys.readouterr().err

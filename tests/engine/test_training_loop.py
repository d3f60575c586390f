"""The training loop of every recipe, with a learner whose every step can be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from retrieval_engine.training.checkpoints import Checkpoints
from retrieval_engine.training.loop import Fitted, Plan, fit, rate
from retrieval_engine.training.run import STOP, Diverged, Event, Refused, Reporter, Stopped, read_events

PLAN = Plan(n_steps=12, batch=8, part=8, learning_rate=0.1, save_every=4)


class Line:
    """Learns a line through eight points; whole batch from parts. Fails where it is told to."""

    device = torch.device("cpu")

    def __init__(
        self, *, largest: int = 8, nan_at: int = -1, scores: list[float] | None = None, dies_at: int = -1
    ) -> None:
        self.model = torch.nn.Linear(1, 1)
        torch.nn.init.constant_(self.model.weight, 0.0)
        torch.nn.init.constant_(self.model.bias, 0.0)
        self.largest, self.nan_at, self.scores, self.dies_at = largest, nan_at, list(scores or []), dies_at
        self.taken: list[tuple[int, int]] = []

    def trained(self) -> list[torch.nn.Parameter]:
        return list(self.model.parameters())

    def learn(self, step: int, part: int) -> dict[str, float]:
        if step == self.dies_at:
            raise ConnectionError("killed")
        self.taken.append((step, part))
        x = torch.randn(8, 1, generator=torch.Generator().manual_seed(step))
        total = 0.0
        for start in range(0, 8, part):
            if part > self.largest:
                raise torch.OutOfMemoryError("CUDA out of memory")
            loss = ((self.model(x[start : start + part]) - 3 * x[start : start + part] - 1) ** 2).sum() / 8
            loss.backward()
            total += float(loss.detach())
        return {"loss": float("nan") if step == self.nan_at else total}

    def moved(self) -> None:
        pass

    def validate(self) -> Mapping[str, float]:
        return {"score": self.scores.pop(0)}

    def learned(self) -> Mapping[str, Tensor]:
        return self.model.state_dict()

    def restore(self, learned: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict(learned)

    @property
    def line(self) -> list[float]:
        return [float(self.model.weight.detach()), float(self.model.bias.detach())]


def run(learner: Line, plan: Plan, folder: Path) -> Fitted:
    folder.mkdir(exist_ok=True)
    with Reporter(folder) as report:
        return fit(learner, plan, report)


def told(folder: Path, kind: str) -> list[Event]:
    return [event for _, event in read_events(folder) if event.kind == kind]


def test_the_rate_rises_over_the_warm_up_and_falls_to_nothing() -> None:
    plan = Plan(n_steps=100, batch=1, part=1, learning_rate=1.0, warm_up=0.1)
    rates = [rate(step, plan) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.001


def test_every_step_is_told_with_its_numbers(tmp_path: Path) -> None:
    assert run(Line(), PLAN, tmp_path) == Fitted(12, 12, None, 8)
    steps = told(tmp_path, "step")
    assert [event.step for event in steps] == list(range(1, 13))
    assert {event.n_steps for event in steps} == {12}
    wanted = {"loss", "learning_rate", "gradient_norm", "per_s", "memory_bytes"}
    assert all(set(event.values) == wanted for event in steps)
    assert [event.step for event in told(tmp_path, "checkpoint")] == [4, 8, 12]
    assert [path.name for path in (tmp_path / "tensorboard").iterdir()]


def test_when_memory_runs_out_smaller_parts_learn_the_same(tmp_path: Path) -> None:
    whole, small = Line(), Line(largest=2)
    run(whole, PLAN, tmp_path / "whole")
    assert run(small, PLAN, tmp_path / "small").part == 2
    assert small.line == pytest.approx(whole.line, abs=1e-6)
    assert small.taken[:4] == [(0, 8), (0, 4), (0, 2), (1, 2)]
    assert [event.text[:45] for event in told(tmp_path / "small", "warning")] == [
        "Out of memory with 8 examples at once; going ",
        "Out of memory with 4 examples at once; going ",
    ]


def test_memory_that_is_too_small_for_one_example_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        run(Line(largest=0), PLAN, tmp_path)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="no number at step 7; the checkpoint of step 4 is kept"):
        run(Line(nan_at=6), PLAN, tmp_path)
    good, _ = Checkpoints(tmp_path / "checkpoint").latest()
    until = Line(dies_at=4)
    with pytest.raises(ConnectionError):
        run(until, PLAN, tmp_path / "until")
    assert good is not None
    assert [float(good["learned"][name]) for name in ("weight", "bias")] == until.line


def test_a_killed_run_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole, again = Line(), Line()
    run(whole, PLAN, tmp_path / "whole")
    with pytest.raises(ConnectionError):
        run(Line(dies_at=6), PLAN, tmp_path / "killed")
    run(again, PLAN, tmp_path / "killed")
    assert [step for step, _ in again.taken] == list(range(4, 12))
    assert again.line == whole.line
    done = Line()
    assert run(done, PLAN, tmp_path / "killed").steps == 12
    assert (done.taken, done.line) == ([], whole.line)


def test_who_asks_it_to_stop_gets_a_checkpoint_of_that_step(tmp_path: Path) -> None:
    (tmp_path / STOP).touch()
    with pytest.raises(Stopped):
        run(Line(), PLAN, tmp_path)
    assert [event.step for event in told(tmp_path, "checkpoint")] == [1]
    (tmp_path / STOP).unlink()
    again = Line()
    run(again, PLAN, tmp_path)
    assert again.taken[0] == (1, 8)


def test_a_run_of_other_settings_does_not_go_on(tmp_path: Path) -> None:
    run(Line(), PLAN, tmp_path)
    with pytest.raises(Refused, match="other settings"):
        run(Line(), Plan(n_steps=12, batch=8, part=8, learning_rate=0.2), tmp_path)


def test_a_broken_checkpoint_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        run(Line(dies_at=9), PLAN, tmp_path)
    newest = tmp_path / "checkpoint" / "step-00000008.pt"
    newest.write_bytes(newest.read_bytes()[:100])
    again = Line()
    run(again, PLAN, tmp_path)
    assert again.taken[0] == (4, 8)
    assert "step-00000008.pt cannot be read" in told(tmp_path, "warning")[0].text


def test_a_checkpoint_holds_values_and_runs_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "run"),)

    torch.save({"plan": Evil()}, tmp_path / "step-00000001.pt")
    state, problems = Checkpoints(tmp_path).latest()
    assert (state, len(problems)) == (None, 1)
    assert not (tmp_path / "run").exists()


def test_it_ends_early_and_keeps_the_best(tmp_path: Path) -> None:
    plan = Plan(
        n_steps=12, batch=8, part=8, learning_rate=0.1, save_every=100, validate_every=2, patience=2, headline="score"
    )
    learner, until = Line(scores=[0.1, 0.5, 0.4, 0.5, 0.9]), Line(dies_at=4, scores=[0.0, 0.0])
    assert run(learner, plan, tmp_path / "early") == Fitted(8, 4, 0.5, 8)
    with pytest.raises(ConnectionError):
        run(until, plan, tmp_path / "until")
    assert learner.line == until.line
    assert [event.values for event in told(tmp_path / "early", "score")] == [{"score": s} for s in (0.1, 0.5, 0.4, 0.5)]


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints(tmp_path)
    kept.save(1, {"a": 1})

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.save(2, {"a": 2})
    assert kept.latest() == ({"a": 1}, [])
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.pt"]


class Paced(Line):
    """Whose bias learns more slowly than its weight."""

    def __init__(self, bias: float = 0.1, **rest: int) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]  # its own keywords
        self.bias = bias

    def paces(self) -> list[float]:
        return [1.0, self.bias]


def test_parameters_learn_at_their_own_pace_also_after_an_interruption(tmp_path: Path) -> None:
    first = Plan(n_steps=1, batch=8, part=8, learning_rate=0.1, weight_decay=0.0)
    slow, even, frozen = Paced(), Line(), Paced(0.0)
    for learner in (slow, even, frozen):
        run(learner, first, tmp_path / str(id(learner)))
    assert slow.line == pytest.approx([even.line[0], even.line[1] / 10], abs=1e-6)
    assert frozen.line == [even.line[0], 0.0]
    whole, again = Paced(), Paced()
    run(whole, PLAN, tmp_path / "whole")
    with pytest.raises(ConnectionError):
        run(Paced(dies_at=6), PLAN, tmp_path / "killed")
    with pytest.raises(Refused, match="other settings"):
        run(Line(), PLAN, tmp_path / "killed")
    run(again, PLAN, tmp_path / "killed")
    assert again.line == whole.line

"""A run's folder: who is at work in it, and what is written there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from retrieval_engine.training.__main__ import carry_out
from retrieval_engine.training.presence import Occupied, alone
from retrieval_engine.training.run import EXIT, STOP, Order, Refused, Reporter, Stopped, read_events

HOLDING = """
import sys, time
from pathlib import Path
from retrieval_engine.training.presence import alone
with alone(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""
STEPPING = """
import sys, time
from pathlib import Path
from retrieval_engine.training.run import Reporter, Stopped
report = Reporter(Path(sys.argv[1]), watched=True)
print("begun", flush=True)
try:
    for step in range(6_000):
        report.step(step, 6_000, {})
        time.sleep(0.01)
except Stopped as stopped:
    report.end("stopped", str(stopped))
"""


def order() -> Order:
    return Order(recipe="stickerclip", settings={}, release="/nowhere")


def begun(program: str, folder: Path) -> subprocess.Popen[bytes]:
    """The program, once it has said its first word."""
    command = [sys.executable, "-c", program, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() != b""
    return process


def ending(folder: Path) -> tuple[str, str]:
    (_position, event) = list(read_events(folder))[-1]
    assert event.kind == "end"
    return event.text, event.values["message"]


def test_one_process_at_a_time_is_at_work_in_a_folder_even_when_the_first_is_killed(tmp_path: Path) -> None:
    first = begun(HOLDING, tmp_path)
    with pytest.raises(Occupied), alone(tmp_path, patience_s=0):
        pass
    first.kill()
    first.wait()
    with alone(tmp_path, patience_s=0):
        pass


def test_a_run_leaves_when_whoever_watched_it_is_gone(tmp_path: Path) -> None:
    process = begun(STEPPING, tmp_path)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
    assert ending(tmp_path) == ("stopped", "nobody watches any more")


def test_a_run_leaves_after_its_step_when_it_is_asked_to(tmp_path: Path) -> None:
    with Reporter(tmp_path) as report:
        report.step(1, 2, {})
        (tmp_path / STOP).touch()
        with pytest.raises(Stopped):
            report.step(2, 2, {})
    assert [event.step for _position, event in read_events(tmp_path)] == [1, 2]


def test_of_several_processes_only_the_first_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        with Reporter(tmp_path) as report:
            report.log(f"from {rank}")
    assert [event.text for _position, event in read_events(tmp_path)] == ["from 0"]


def test_an_order_is_read_as_it_was_written_or_refused(tmp_path: Path) -> None:
    order().write(tmp_path)
    assert Order.read(tmp_path) == order()
    for broken in ("{", "[]", '{"recipe": "x"}', '{"recipe": "x", "settings": {}, "release": "", "speed": 1}'):
        (tmp_path / "run.json").write_text(broken, encoding="utf-8")
        with pytest.raises(Refused):
            Order.read(tmp_path)


def test_what_cannot_be_carried_out_is_refused_in_words(tmp_path: Path) -> None:
    Order(recipe="alchemy", settings={}, release="").write(tmp_path)
    told = "There is no recipe alchemy; known: stickerclip, querygen, int_ra, igsr, pbr, stickerllm, srs, mmbert."
    assert carry_out(tmp_path) == ("refused", told)
    assert ending(tmp_path) == ("refused", told)


def test_the_exit_status_says_how_it_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "retrieval_engine.training", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == EXIT["refused"]
    assert "run.json" in run.stderr

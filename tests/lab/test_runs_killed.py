"""A worker that the kernel kills, at every stage of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.lab.killed import STAGES, STEPS


def test_a_run_whose_worker_is_killed_at_every_stage_comes_to_its_end(tmp_path: Path) -> None:
    """What it left behind goes by itself; the next worker takes the run up, and in the end all is there once."""
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "OMP_NUM_THREADS") if key in os.environ}
    environment |= {"STICKTIONARY_DATA": str(tmp_path / "data"), "LOG_LEVEL": "CRITICAL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
    named: dict[str, Any] = {"cwd": settings.BASE_DIR, "env": environment, "check": True, "stdout": subprocess.PIPE}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], **named)
    told = json.loads(subprocess.run([sys.executable, "-m", "tests.lab.killed"], **named).stdout)
    assert told["stages"] == [
        [stage, -signal.SIGKILL, "running", "none" if stage == "ordered" else "gone"] for stage in STAGES
    ]
    assert told["end"] == {"state": "done", "error": "", "steps": list(range(1, STEPS + 1)), "models": ["candidate"]}

"""Run as a process of its own, on a house of its own: a release is frozen by a worker that the kernel kills at a stage,
taken up again, and compared. Says how each of them went, as JSON."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

STAGES = ["begun", "half a table", "tables", "data", "documents", "in place", "written down"]


def main() -> None:
    django.setup()
    fill()
    print(json.dumps({stage: story(stage) for stage in STAGES}))


def fill() -> None:
    from django.utils import timezone

    from sticktionary.models import Pack, Query, Round, Sticker

    at = timezone.now() - timedelta(hours=1)
    pack = Pack.objects.create(slug="p", title="P", source="me", licence="CC0")
    files = {"image": "x", "poster": "x", "width": 1, "height": 1}
    for n in range(8):
        sticker = Sticker.objects.create(pack=pack, name=f"{n}.png", sha256=f"{n:064x}", **files)
        times = {"dealt_at": at, "submitted_at": at}
        round_ = Round.objects.create(sticker=sticker, language="en", source="house", state="open", **times)
        text = f"query {n}"
        Query.objects.create(round=round_, text=text, normalised=text, position=1, added_at=at)


def story(stage: str) -> dict[str, Any]:
    from django.db import connection

    from sticktionary.domain import jobs
    from sticktionary.domain.releases import asking, folders, freezing
    from sticktionary.domain.releases.verifying import verify
    from sticktionary.models import Release

    before = lying_in(folders.root())
    release = asking.ask(actor=None, title=stage, queue=False)
    connection.close()
    worker = os.fork()
    if not worker:
        arrange(stage)
        jobs.carry_out(Release, release.pk, freezing.run)
        os._exit(0)
    signalled = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    left = [name for name in lying_in(folders.root()) if name not in before]
    release.refresh_from_db()
    state = release.state
    jobs.release_if_dead(release)
    jobs.carry_out(Release, release.pk, freezing.run)
    folders.sweep()
    release.refresh_from_db()
    with tempfile.TemporaryDirectory() as aside:
        differences = verify(number=release.number or 0, into=Path(aside) / "again")
    return {
        "signalled": signalled,
        "state": state,
        "whole": [name for name in left if name.startswith("sticktionary-")],
        "after": [release.state, release.number, release.path],
        "differences": len(differences),
        "lying": lying_in(folders.root()),
    }


def lying_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def arrange(stage: str) -> None:
    """That this process dies there and nowhere else; nothing in it can catch that."""
    from sticktionary.domain.releases import folders, freezing, shelf
    from sticktionary.domain.releases.played import Played

    def die(*arguments: Any, **named: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def then_die(work: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments, **named: (work(*arguments, **named), die())[1]

    places: dict[str, tuple[Any, str, Callable[..., Any]]] = {
        "begun": (freezing, "wait_for_writers", die),
        "half a table": (Played, "take", then_die(Played.take)),
        "tables": (shelf, "write", die),
        "data": (freezing, "write_around", die),
        "documents": (freezing, "write_around", then_die(freezing.write_around)),
        "in place": (folders, "put_in_place", then_die(folders.put_in_place)),
        "written down": (freezing, "run", then_die(freezing.run)),
    }
    where, name, what = places[stage]
    setattr(where, name, what)


if __name__ == "__main__":
    sys.exit(main())

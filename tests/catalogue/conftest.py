from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sticktionary.domain import jobs
from sticktionary.domain.intake import importing
from sticktionary.models import ImportJob, Pack


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Path) -> None:
    """Files of one test are not seen by the next."""
    for name in ("MEDIA_ROOT", "UPLOADS_DIR", "EXPORTS_DIR", "MODELS_DIR"):
        setattr(settings, name, tmp_path / name.lower())
        (tmp_path / name.lower()).mkdir()


@pytest.fixture
def pack(db: None) -> Pack:
    return Pack.objects.create(slug="shapes", title="Shapes", source="drawn here", licence="CC0")


Importer = Callable[..., ImportJob]


@pytest.fixture
def imported(pack: Pack) -> Importer:
    def run(path: Path, into: Pack | None = None) -> ImportJob:
        job = importing.start_import(actor=None, path=path, label=path.name, pack=into or pack, queue=False)
        assert jobs.carry_out(ImportJob, job.pk, importing.run)
        job.refresh_from_db()
        return job

    return run

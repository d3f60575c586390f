from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sticktionary.domain import jobs
from sticktionary.domain.releases import publishing
from sticktionary.domain.releases.zenodo import BESIDE
from sticktionary.models import AuditEntry, Publication, Release
from tests.releases_documents.conftest import TOKEN, frozen
from tests.releases_documents.servers import CUT, Deposition, Fault, Zenodo

pytestmark = pytest.mark.django_db(transaction=True)
ARCHIVE = "sticktionary-1.zip"


def publish(release: Release) -> Publication:
    return carried_out(publishing.publish(actor=None, release=release, target="zenodo"))


def carried_out(job: Publication) -> Publication:
    assert jobs.carry_out(Publication, job.pk, publishing.run)
    job.refresh_from_db()
    return job


def puts(zenodo: Zenodo) -> list[str]:
    return [call.rpartition("/")[2] for call in zenodo.calls if call.startswith("PUT /api/files/")]


def test_the_draft_holds_the_release_as_one_archive_with_its_documents_beside(settings: Any, zenodo: Zenodo) -> None:
    release = frozen(settings)
    folder = Path(settings.RELEASES_DIR) / release.path
    job = publish(release)
    assert (job.state, job.error, job.name, job.url) == ("done", "", "1", f"{zenodo.url}/deposit/1")
    draft = zenodo.depositions[1]
    assert sorted(draft.files) == sorted([ARCHIVE, *BESIDE])
    with zipfile.ZipFile(io.BytesIO(draft.files[ARCHIVE])) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert all(draft.files[name] == packed[name] for name in BESIDE)
    assert not draft.submitted
    assert [call for call in zenodo.calls if "publish" in call] == []
    assert job.n_done == job.n_total
    assert [path.name for path in Path(settings.RELEASES_DIR).iterdir()] == [release.path]


def test_the_draft_is_described_as_the_citation_says(settings: Any, zenodo: Zenodo) -> None:
    publish(frozen(settings))
    told = zenodo.depositions[1].metadata
    assert {name: told[name] for name in ("upload_type", "title", "creators", "version", "publication_date")} == {
        "upload_type": "dataset",
        "title": "Sticktionary, release 1",
        "creators": [{"name": "Chee, Ada"}, {"name": "The players"}],
        "version": "1.0.0",
        "publication_date": "2026-11-20",
    }


def test_sending_it_again_fills_the_same_draft_and_sends_nothing(settings: Any, zenodo: Zenodo) -> None:
    release = frozen(settings)
    publish(release)
    zenodo.calls.clear()
    assert publish(release).name == "1"
    assert (list(zenodo.depositions), puts(zenodo)) == ([1], [])


def test_what_was_cut_goes_on_with_the_file_that_was_missing(settings: Any, zenodo: Zenodo) -> None:
    zenodo.faults.append(Fault("PUT", "/LICENSE", CUT, times=99))
    job = publish(frozen(settings))
    assert (job.state, job.name) == ("failed", "1")
    assert job.error.endswith(" cannot be reached. Try again later: what has arrived stays.")
    zenodo.faults.clear()
    zenodo.calls.clear()
    jobs.resume(job)
    assert carried_out(job).state == "done"
    assert puts(zenodo) == ["LICENSE", "DATASHEET.md", "RELEASE_NOTES.md", "SHA256SUMS"]
    assert sorted(zenodo.depositions[1].files) == sorted([ARCHIVE, *BESIDE])


@pytest.mark.parametrize("status", [500, 429, CUT])
@pytest.mark.parametrize(("method", "path"), [("GET", "/depositions"), ("POST", "/depositions"), ("PUT", ARCHIVE)])
def test_a_fault_that_passes_is_passed_over(settings: Any, zenodo: Zenodo, method: str, path: str, status: int) -> None:
    zenodo.faults.append(Fault(method, path, status))
    job = publish(frozen(settings))
    assert (job.state, job.error, zenodo.faults[0].times) == ("done", "", 0)
    assert sorted(zenodo.depositions[1].files) == sorted([ARCHIVE, *BESIDE])


def test_a_draft_whose_number_never_arrived_is_found_again(settings: Any, zenodo: Zenodo) -> None:
    zenodo.faults.append(Fault("POST", "/depositions", 403, done=True))
    release = frozen(settings)
    assert publish(release).state == "failed"
    assert publish(release).state == "done"
    assert list(zenodo.depositions) == [1]


def test_a_draft_that_was_thrown_away_is_begun_anew(settings: Any, zenodo: Zenodo) -> None:
    release = frozen(settings)
    publish(release)
    del zenodo.depositions[1]
    zenodo.depositions[7] = Deposition(7, {"title": "Sticktionary, release 1", "notes": "somebody else's"})
    job = publish(release)
    assert (job.state, job.name) == ("done", "2")


def test_a_draft_that_a_person_published_is_left_alone(settings: Any, zenodo: Zenodo) -> None:
    release = frozen(settings)
    publish(release)
    zenodo.depositions[1].submitted = True
    job = publish(release)
    assert (job.state, job.error) == ("failed", f"This draft is published already: {zenodo.url}/deposit/1.")


def test_the_token_is_neither_stored_nor_logged(
    settings: Any, zenodo: Zenodo, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    zenodo.faults.append(Fault("PUT", ARCHIVE, 400, times=1))
    release = frozen(settings)
    assert publish(release).error.endswith(" does not accept it: error 400.")
    publish(release)
    rows = [str(row) for row in Publication.objects.values()] + [str(row) for row in AuditEntry.objects.values()]
    said = "\n".join([*rows, caplog.text, *capfd.readouterr()])
    assert len(rows) == 4
    assert TOKEN not in said

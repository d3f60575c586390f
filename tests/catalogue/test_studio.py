from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sticktionary.domain import exporting, jobs
from sticktionary.domain.intake import importing
from sticktionary.domain.lab import registry
from sticktionary.domain.people import guests
from sticktionary.models import AuditEntry, ExportJob, ImportJob, ModelVersion, Pack, Player, Sticker
from sticktionary.web.uploads import limit
from tests.catalogue import files
from tests.catalogue.conftest import Importer

ROLES = ("anonymous", "guest", "contributor", "reviewer", "researcher", "admin")


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.app, "send_task", lambda *args, **kwargs: None)


def client(role: str) -> Client:
    browser = Client()
    if role == "guest":
        browser.force_login(guests.start(language="en"), settings.AUTHENTICATION_BACKENDS[0])
    elif role != "anonymous":
        player = Player.objects.create(username=role, name_key=role)
        if role != "contributor":
            player.groups.add(Group.objects.get(name=role))
            Player.objects.filter(pk=player.pk).update(is_staff=True)
        browser.force_login(player, settings.AUTHENTICATION_BACKENDS[0])
    return browser


@pytest.fixture
def admin(db: None) -> Client:
    return client("admin")


@pytest.fixture
def shop(imported: Importer, tmp_path: Path) -> dict[str, Any]:
    """A row of each kind, to have an address for every page."""
    job = imported(files.zipped(tmp_path / "mixed.zip", {"a.png": files.png(1), "b.png": b""}))
    export = ExportJob.objects.create()
    jobs.carry_out(ExportJob, export.pk, exporting.run)
    version = registry.install(actor=None, source="RN50", queue=False)
    return {"import": job, "export": export, "model": version, "sticker": Sticker.objects.get()}


def pages(shop: dict[str, Any]) -> Iterator[tuple[str, str, set[str], int]]:
    """Method, address, roles that may, and the status they get."""
    job, export, model = (shop[name].pk for name in ("import", "export", "model"))
    seers = {"reviewer", "researcher", "admin"}
    lab = {"researcher", "admin"}
    yield "get", reverse("studio_home"), seers, 302
    yield "get", reverse("studio_packs"), seers, 200
    yield "get", reverse("studio_pack", args=["shapes"]), seers, 200
    yield "post", reverse("studio_change_stickers", args=["shapes"]), {"admin"}, 302
    yield "get", reverse("studio_import"), {"admin"}, 200
    yield "post", reverse("studio_import"), {"admin"}, 400
    yield "get", reverse("studio_import_job", args=[job]), {"admin"}, 200
    yield "get", reverse("studio_imports_state", args=[job]), {"admin"}, 200
    yield "post", reverse("studio_imports_cancel", args=[job]), {"admin"}, 302
    yield "post", reverse("studio_imports_resume", args=[job]), {"admin"}, 302
    yield "get", reverse("lab_models"), lab, 200
    yield "post", reverse("lab_install"), lab, 400
    yield "get", reverse("lab_model_state", args=[model]), lab, 200
    yield "post", reverse("lab_model_resume", args=[model]), lab, 302
    yield "get", reverse("studio_exports"), lab, 200
    yield "post", reverse("studio_new_export"), lab, 302
    yield "get", reverse("studio_exports_state", args=[export]), lab, 200
    yield "post", reverse("studio_exports_cancel", args=[export]), lab, 302
    yield "post", reverse("studio_exports_resume", args=[export]), lab, 302
    yield "get", reverse("studio_download", args=[export]), lab, 200
    everybody = set(ROLES) - {"anonymous"}
    yield "get", f"/stickers/{shop['sticker'].image}", everybody, 200


@pytest.mark.parametrize("role", ROLES)
def test_every_address_is_for_those_whose_roles_include_it(shop: dict[str, Any], role: str) -> None:
    browser = client(role)
    got, expected = {}, {}
    for method, address, roles, status in pages(shop):
        response = getattr(browser, method)(address)
        got[method, address] = response.status_code
        expected[method, address] = status if role in roles else 302 if role == "anonymous" else 403
        if role == "anonymous":
            assert response.headers["Location"].startswith(reverse("account_login"))
    assert got == expected


def upload(content: bytes, name: str = "pack.zip") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/zip")


def archive(**content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, data in (content or {"a.png": files.png(1)}).items():
            opened.writestr(name, data)
    return out.getvalue()


FACTS = {"title": "Otters", "source": "drawn by ada", "licence": "CC0"}


def test_an_upload_becomes_a_pack(admin: Client) -> None:
    response = admin.post(reverse("studio_import"), {"archive": upload(archive()), **FACTS})
    job = ImportJob.objects.get()
    assert response.headers["Location"] == reverse("studio_import_job", args=[job.pk])
    assert (job.label, job.state, job.is_dry_run) == ("pack.zip", "queued", False)
    assert Path(job.path).parent == settings.UPLOADS_DIR
    assert jobs.carry_out(ImportJob, job.pk, importing.run)
    pack = Sticker.objects.get().pack
    assert (pack.slug, pack.source, pack.licence) == ("otters", "drawn by ada", "CC0")
    assert not Path(job.path).exists()
    assert AuditEntry.objects.get(verb="import").actor == job.created_by


def test_a_dry_run_can_be_imported_without_sending_it_again(admin: Client) -> None:
    admin.post(reverse("studio_import"), {"archive": upload(archive()), "dry_run": "on"})
    job = ImportJob.objects.get()
    jobs.carry_out(ImportJob, job.pk, importing.run)
    assert not Sticker.objects.exists()
    assert not Pack.objects.exists()
    again = f"{reverse('studio_import')}?checked={job.pk}"
    assert again.encode() in admin.get(reverse("studio_import_job", args=[job.pk])).content
    admin.post(again, FACTS)
    real = ImportJob.objects.get(is_dry_run=False)
    assert (real.path, real.label) == (job.path, "pack.zip")
    jobs.carry_out(ImportJob, real.pk, importing.run)
    assert Sticker.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({**FACTS}, "Choose a zip first."),
        ({"archive": upload(b"no zip at all"), **FACTS}, "This is not a zip, or a damaged one."),
        ({"archive": upload(archive()), "title": "Otters"}, "A new pack needs this."),
        ({"archive": upload(b""), **FACTS}, "The submitted file is empty."),
    ],
)
def test_a_bad_form_says_what_is_wrong_and_begins_nothing(admin: Client, data: dict[str, Any], told: str) -> None:
    if "archive" in data:
        data["archive"].seek(0)
    response = admin.post(reverse("studio_import"), data)
    assert response.status_code == 400
    assert told in response.content.decode()
    assert not ImportJob.objects.exists()
    assert not Pack.objects.exists()
    assert list(settings.UPLOADS_DIR.iterdir()) == []


def test_an_upload_past_the_limit_is_refused(admin: Client, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1
    for size in (limit() + 10, limit() * 3):  # found out while it comes in; told by its header
        response = admin.post(reverse("studio_import"), {"archive": upload(bytes(size)), **FACTS})
        assert response.status_code == 400
        assert "The file is larger than 1 MB." in response.content.decode()
    assert not ImportJob.objects.exists()


def test_an_upload_needs_its_token(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client("admin").cookies
    response = strict.post(reverse("studio_import"), {"archive": upload(archive()), **FACTS})
    assert response.status_code == 403
    assert not ImportJob.objects.exists()


def test_the_report_names_every_file_with_its_reason(admin: Client, imported: Importer, tmp_path: Path) -> None:
    job = imported(files.zipped(tmp_path / "mixed.zip", files.good() | files.hostile()))
    page = admin.get(reverse("studio_import_job", args=[job.pk])).content.decode()
    for name, reason in files.HOSTILE.items():
        assert f"<td>{name}</td>" in page
        assert reason in page


def test_an_import_is_stopped_and_gone_on_with_and_both_are_written_down(admin: Client) -> None:
    admin.post(reverse("studio_import"), {"archive": upload(archive()), **FACTS})
    job = ImportJob.objects.get()
    admin.post(reverse("studio_imports_cancel", args=[job.pk]))
    assert not jobs.carry_out(ImportJob, job.pk, importing.run)
    assert not Sticker.objects.exists()
    admin.post(reverse("studio_imports_cancel", args=[job.pk]))  # it is over: refused, and said so on the page
    admin.post(reverse("studio_imports_resume", args=[job.pk]))
    assert jobs.carry_out(ImportJob, job.pk, importing.run)
    assert Sticker.objects.count() == 1
    done = AuditEntry.objects.filter(subject=f"importjob {job.pk}").order_by("pk")
    assert list(done.values_list("verb", "actor")) == [
        ("cancel_importjob", job.created_by_id),
        ("resume_importjob", job.created_by_id),
    ]


def test_an_export_under_way_is_stopped_by_its_worker(admin: Client, shop: dict[str, Any]) -> None:
    admin.post(reverse("studio_new_export"))
    job = ExportJob.objects.latest("pk")

    def stopped_meanwhile(held: ExportJob) -> None:
        admin.post(reverse("studio_exports_cancel", args=[held.pk]))
        held.heartbeat_at = None  # its next sign of life is due
        exporting.run(held)

    assert jobs.carry_out(ExportJob, job.pk, stopped_meanwhile)
    job.refresh_from_db()
    assert (job.state, exporting.archive_of(job)) == ("cancelled", None)


def test_progress_is_told_as_json(admin: Client, shop: dict[str, Any]) -> None:
    response = admin.get(reverse("studio_imports_state", args=[shop["import"].pk]))
    assert response.json() == {"state": "done", "n_done": 2, "n_total": 2, "is_over": True}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")
def test_an_export_is_downloaded_whole(admin: Client, shop: dict[str, Any]) -> None:
    response = admin.get(reverse("studio_download", args=[shop["export"].pk]))
    assert response.headers["Content-Type"] == "application/zip"
    content = b"".join(response)
    assert response.headers["Content-Length"] == str(len(content))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.namelist() == ["sticker_queries_en.csv", "sticker_queries_zh.csv"]
    unfinished = ExportJob.objects.create()
    assert admin.get(reverse("studio_download", args=[unfinished.pk])).status_code == 404


def test_stickers_are_halted_from_their_pack(admin: Client, shop: dict[str, Any]) -> None:
    sticker = shop["sticker"]
    data = {"sticker": [sticker.pk, "x", "9" * 30], "state": "halted", "why": "unclear"}
    admin.post(reverse("studio_change_stickers", args=["shapes"]), data)
    sticker.refresh_from_db()
    assert sticker.state == "halted"
    entry = AuditEntry.objects.get(verb="sticker_halted")
    assert (entry.actor.username, entry.detail) == ("admin", {"was": "active", "why": "unclear"})  # type: ignore[union-attr]


def test_a_model_is_asked_for(admin: Client) -> None:
    admin.post(reverse("lab_install"), {"source": "RN50:openai"})
    assert ModelVersion.objects.get().source == "RN50:openai"
    assert b"RN50:openai" in admin.get(reverse("lab_models")).content


# --- the pictures themselves ---


def test_pictures_never_change_and_say_what_they_are(admin: Client, shop: dict[str, Any]) -> None:
    address = f"/stickers/{shop['sticker'].image}"
    response = admin.get(address)
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.content[8:12] == b"WEBP"
    again = admin.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert admin.head(address).headers["Content-Length"] == str(len(response.content))
    assert admin.post(address).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "../secret_key",
        "..%2f..%2fsecret_key",
        "ab/../../secret_key",
        "originals/ab/" + "a" * 64 + ".png",
        "ab/" + "b" * 64 + ".webp",
        "aa/" + "a" * 64 + ".webp",
        "aa/" + "a" * 64 + ".webp%0a",
        "aa/" + "a" * 64 + ".webp/",
    ],
)
def test_nothing_else_is_served(admin: Client, path: str) -> None:
    assert admin.get(f"/stickers/{path}").status_code == 404

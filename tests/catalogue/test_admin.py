from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from sticktionary.models import AuditEntry, ExportJob, ImportItem, ImportJob, ModelVersion, Pack, Player, Sticker
from tests.catalogue import files
from tests.catalogue.conftest import Importer
from tests.catalogue.test_studio import client

LISTS = ("pack", "sticker", "importjob", "importitem", "modelversion", "exportjob")


@pytest.fixture
def sticker(imported: Importer, tmp_path: Path) -> Sticker:
    imported(files.folder(tmp_path / "pack", {"a.png": files.png(1), "b.png": b""}))
    ExportJob.objects.create()
    ModelVersion.objects.create(name="m", title="m")
    return Sticker.objects.get()


@pytest.mark.parametrize("name", LISTS)
def test_everything_can_be_looked_at_and_nothing_edited(sticker: Sticker, name: str) -> None:
    admin = client("admin")
    rows = {"pack": Pack, "sticker": Sticker, "importjob": ImportJob, "importitem": ImportItem,
            "modelversion": ModelVersion, "exportjob": ExportJob}  # fmt: skip
    row = rows[name].objects.first()
    assert row is not None
    assert admin.get(reverse(f"admin:sticktionary_{name}_changelist")).status_code == 200
    change = reverse(f"admin:sticktionary_{name}_change", args=[row.pk])
    assert admin.get(change).status_code == 200
    assert admin.post(change, {"name": "other"}).status_code == 403
    assert admin.get(reverse(f"admin:sticktionary_{name}_add")).status_code == 403
    assert admin.post(reverse(f"admin:sticktionary_{name}_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize(("action", "state"), [("put_halted", "halted"), ("put_withdrawn", "withdrawn")])
def test_an_action_is_a_verb_with_its_line_in_the_audit(sticker: Sticker, action: str, state: str) -> None:
    admin = client("admin")
    address = reverse("admin:sticktionary_sticker_changelist")
    asked = admin.post(address, {"action": action, "_selected_action": [sticker.pk]})
    sticker.refresh_from_db()
    assert (asked.status_code, sticker.state) == (200, "active")
    told = {"action": action, "_selected_action": [sticker.pk], "asked": "1"}
    assert admin.post(address, {**told, "reason": " "}).context["form"].errors.keys() == {"reason"}
    assert admin.post(address, {**told, "reason": "not ours"}).status_code == 302
    sticker.refresh_from_db()
    assert sticker.state == state
    entry = AuditEntry.objects.get(verb=f"sticker_{state}")
    assert (entry.actor, entry.detail["why"]) == (Player.objects.get(username="admin"), "not ours")


def test_a_pack_is_taken_out_of_play(sticker: Sticker) -> None:
    admin = client("admin")
    address = reverse("admin:sticktionary_pack_changelist")
    for action, is_active in (("take_out_of_play", False), ("put_in_play", True)):
        told = {"action": action, "_selected_action": [sticker.pack_id], "asked": "1", "reason": "asked for"}
        assert admin.post(address, told).status_code == 302
        assert Pack.objects.get().is_active is is_active


def test_whether_pictures_may_be_published_is_a_question_of_rights(sticker: Sticker) -> None:
    address = reverse("admin:sticktionary_pack_changelist")
    told = {"action": "let_pictures_out", "_selected_action": [sticker.pack_id], "asked": "1", "reason": "CC0"}
    for role, may in (("moderator", False), ("admin", True)):
        client(role).post(address, told)
        assert Pack.objects.get().may_publish_pictures is may
    assert AuditEntry.objects.get(verb="pack_pictures_public").detail == {"why": "CC0"}


@pytest.mark.parametrize("role", ["reviewer", "researcher"])
def test_other_staff_look_and_change_nothing(sticker: Sticker, role: str) -> None:
    staff = client(role)
    address = reverse("admin:sticktionary_sticker_changelist")
    assert staff.get(address).status_code == 200
    told = {"action": "put_withdrawn", "_selected_action": [sticker.pk], "asked": "1", "reason": "because"}
    staff.post(address, told)
    sticker.refresh_from_db()
    assert sticker.state == "active"

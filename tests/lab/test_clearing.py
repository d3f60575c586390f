"""The files of old models are deleted, and never those that anything needs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import approval, card, clearing, promotion, registry
from sticktionary.models import AuditEntry, ModelVersion, Player, Release, Sticker, TrainingRun
from tests.catalogue import colours
from tests.lab.candidates import candidate, figure, promoted, run, worked


def rejected(release: Release, actor: Player, dim: int) -> ModelVersion:
    version = candidate(release, dim=dim)
    approval.reject(actor=actor, version=version, why="not good enough")
    version.refresh_from_db()
    return version


@pytest.mark.django_db(transaction=True)
def test_the_files_go_and_what_is_known_of_the_model_stays(frozen: Release, researcher: Player) -> None:
    version = rejected(frozen, researcher, 3)
    folder, size = Path(version.path), clearing.n_bytes(version)
    assert clearing.clearable() == [version]
    assert clearing.delete_files(actor=None, version=version) == size > 0
    version.refresh_from_db()
    assert (version.path, version.stage, folder.exists(), clearing.clearable()) == ("", "rejected", False, [])
    assert card.of(version).report is not None
    entry = AuditEntry.objects.get(verb="delete_model_files")
    assert (entry.subject, entry.detail) == (version.name, {"n_bytes": size})
    with pytest.raises(Refused, match="has no files"):
        clearing.delete_files(actor=None, version=version)


def test_what_is_live_was_live_or_waits_keeps_its_files(frozen: Release, researcher: Player) -> None:
    before, live = promoted(candidate(frozen, dim=3)), promoted(candidate(frozen, dim=4), why="new")
    waiting = candidate(frozen, dim=5)
    for version in (before, live, waiting):
        version.refresh_from_db()
        with pytest.raises(Refused, match="retired or turned down"):
            clearing.delete_files(actor=None, version=version)
        assert Path(version.path).is_dir()
    assert promotion.roll_back(actor=None) == before


@pytest.mark.django_db(transaction=True)
def test_files_of_two_models_go_with_the_second(frozen: Release, researcher: Player) -> None:
    first, twin = rejected(frozen, researcher, 3), rejected(frozen, researcher, 3)
    assert first.path == twin.path
    assert clearing.delete_files(actor=None, version=first) == 0
    assert Path(twin.path).is_dir()
    assert clearing.delete_files(actor=None, version=twin) > 0
    assert not Path(twin.path).exists()


@pytest.mark.parametrize(
    ("state", "message"), [("queued", "A run is under way"), ("failed", "could still be taken up again"), ("done", "")]
)
def test_a_run_that_is_not_over_keeps_what_it_starts_from(
    frozen: Release, researcher: Player, state: str, message: str
) -> None:
    version = rejected(frozen, researcher, 3)
    again = run(frozen, figure("fine-tuned", 0.5), name="again")
    TrainingRun.objects.filter(pk=again.pk).update(state=state, base=version.name)
    assert (message in clearing.why_kept(version), bool(clearing.clearable())) == (True, not message)


def test_a_model_whose_files_went_can_be_installed_again(stickers: list[Sticker], tmp_path: Path) -> None:
    source = str(colours.bundle(tmp_path / "one"))
    first = worked(registry.install(actor=None, source=source))
    worked(registry.install(actor=None, source=str(colours.bundle(tmp_path / "two", dim=4))))
    worked(registry.install(actor=None, source=str(colours.bundle(tmp_path / "three", dim=5))))
    first.refresh_from_db()
    assert first.stage == "retired"
    clearing.delete_files(actor=None, version=first)
    again = worked(registry.install(actor=None, source=source))
    assert (again.state, again.stage, again.name) == ("done", "champion", f"{first.name}.{again.pk}")


def test_only_the_role_deletes_and_the_command_says_what_could_go(frozen: Release, researcher: Player) -> None:
    version = rejected(frozen, researcher, 3)
    nobody = Player.objects.create(username="nobody")
    with pytest.raises(NotAllowed):
        clearing.delete_files(actor=nobody, version=version)
    out = StringIO()
    call_command("delete_model_files", stdout=out)
    assert out.getvalue() == f"{version.name}  rejected  {clearing.n_bytes(version) / 1e6:.1f} MB\n"
    with pytest.raises(CommandError, match="no model called other"):
        call_command("delete_model_files", "other")
    call_command("delete_model_files", "--all", stdout=out)
    version.refresh_from_db()
    assert version.path == ""

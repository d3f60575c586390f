from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from retrieval_engine.bundle import read_manifest
from sticktionary.domain import jobs
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.lab import bundles, embedding, promotion, registry
from sticktionary.domain.people import accounts, moderation
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import AuditEntry, Embedding, ModelVersion, Sticker
from tests.catalogue import colours, files
from tests.catalogue.conftest import Importer


def installed(path: Path | str) -> ModelVersion:
    version = registry.install(actor=None, source=str(path), queue=False)
    assert jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    return version


@pytest.fixture
def stickers(imported: Importer, tmp_path: Path) -> dict[str, Sticker]:
    imported(files.folder(tmp_path / "pack", colours.pictures()))
    return dict(zip(colours.COLOURS, Sticker.objects.order_by("name"), strict=True))


def test_an_installed_model_is_live_with_the_whole_catalogue_embedded(
    stickers: dict[str, Sticker], tmp_path: Path
) -> None:
    version = installed(colours.bundle(tmp_path / "bundle"))
    assert (version.state, version.stage, version.error) == ("done", "champion", "")
    assert version.name == f"colours@{read_manifest(tmp_path / 'bundle').version}"
    assert Embedding.objects.filter(embedded_by=version.name).count() == 3
    search = CatalogueSearch()
    search.refresh()
    assert search.model_version == version.name
    for colour, sticker in stickers.items():
        found = search.preview(colour, sticker.pk)
        assert (found.ids[0], found.target_rank, found.model_version) == (sticker.pk, 1, version.name)


def test_a_second_model_takes_over_and_vectors_never_mix(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    first = installed(colours.bundle(tmp_path / "first"))
    search = CatalogueSearch()
    search.refresh()
    second = installed(colours.bundle(tmp_path / "second", "more colours", dim=5))
    first.refresh_from_db()
    assert (first.stage, second.stage) == ("previous", "champion")
    assert search.preview("red", stickers["red"].pk).model_version == first.name
    search.refresh()
    found = search.preview("red", stickers["red"].pk)
    assert (found.target_rank, found.model_version) == (1, second.name)
    assert AuditEntry.objects.filter(verb="promote", detail={"was": first.name}).count() == 1


def test_an_older_model_comes_back_and_embeds_only_what_is_new(
    stickers: dict[str, Sticker], imported: Importer, tmp_path: Path
) -> None:
    first, _second = installed(colours.bundle(tmp_path / "1")), installed(colours.bundle(tmp_path / "2", dim=4))
    imported(files.folder(tmp_path / "more", {"new.png": files.png(9)}))
    admin = moderation.make_admin(username="ada", password="seven quiet otters", language="en")
    promotion.promote(actor=admin, version=first)
    with pytest.raises(Refused):
        promotion.promote(actor=admin, version=first)
    assert jobs.carry_out(ModelVersion, first.pk, promotion.run)
    first.refresh_from_db()
    assert (first.stage, Embedding.objects.filter(embedded_by=first.name).count()) == ("champion", 4)
    assert ModelVersion.objects.filter(stage="champion").count() == 1


def test_new_stickers_are_embedded_for_the_live_model(
    stickers: dict[str, Sticker], imported: Importer, tmp_path: Path
) -> None:
    version = installed(colours.bundle(tmp_path / "bundle"))
    imported(files.folder(tmp_path / "more", {"new.png": files.png(9)}))
    assert embedding.embed_missing() == 1
    assert embedding.embed_missing() == 0
    assert Embedding.objects.filter(embedded_by=version.name).count() == 4


@pytest.mark.parametrize("source", ["RN50:no-such-weights", "no-such-model:laion2b", "/nowhere", "RN50"])
def test_a_model_that_cannot_be_had_leaves_the_old_one_live(
    stickers: dict[str, Sticker], tmp_path: Path, source: str
) -> None:
    live = installed(colours.bundle(tmp_path / "bundle"))
    failed = installed(source)
    assert failed.state == "failed"
    assert failed.error.startswith(source)
    assert registry.champion() == live


def test_a_damaged_bundle_is_refused(db: None, tmp_path: Path) -> None:
    folder = colours.bundle(tmp_path / "bundle")
    (folder / "text.onnx").write_bytes(b"nonsense")
    failed = installed(folder)
    assert (failed.state, failed.error) == (
        "failed",
        f"{folder}: text.onnx was changed after it was published",
    )


def test_the_same_model_twice_is_refused(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    folder = colours.bundle(tmp_path / "bundle")
    live, again = installed(folder), installed(folder)
    assert again.state == "failed"
    assert registry.champion() == live


def test_a_live_bundle_that_is_gone_leaves_search_by_words(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    version = installed(colours.bundle(tmp_path / "bundle"))
    bundles.opened.cache_clear()
    (Path(version.path) / "bundle.json").unlink()
    search = CatalogueSearch()
    search.refresh()
    search.refresh()
    assert search.model_version == registry.WORDS_ONLY


def test_the_command_installs_or_says_why_not(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    call_command("install_model", str(colours.bundle(tmp_path / "bundle")), stdout=(told := StringIO()))
    live = registry.champion_name()
    assert told.getvalue().splitlines()[-1] == f"{live} is live; queries are encoded by the float32 text tower"
    with pytest.raises(CommandError, match=f"The live model stays {live}"):
        call_command("install_model", "RN50:nowhere")


def test_the_shipped_model_is_installed_once(stickers: dict[str, Sticker], tmp_path: Path, settings: Any) -> None:
    settings.STARTER_MODEL_DIR = tmp_path / "starter"
    assert promotion.install_starter() is None
    colours.bundle(tmp_path / "starter")
    first = promotion.install_starter()
    assert first == registry.champion()
    assert promotion.install_starter() is None
    settings.STARTER_MODEL_DIR = tmp_path / "starter"
    other = installed(colours.bundle(tmp_path / "other", dim=4))
    assert promotion.install_starter() is None
    assert registry.champion() == other


def test_only_roles_with_the_permission_install(db: None) -> None:
    player = moderation.make_admin(username="ada", password="seven quiet otters", language="en")
    player.groups.clear()
    player = type(player).objects.get(pk=player.pk)
    if not player.is_superuser:
        with pytest.raises(NotAllowed):
            registry.install(actor=player, source="x:y")
    assert accounts.require is not None

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval_engine.bundle import BundleError
from retrieval_engine.querygen import bundle
from retrieval_engine.querygen.bundle import Manifest, read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Something in the form of a bundle; its weights are never opened here."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "model" / "config.json").write_text("{}")
    Manifest("g", "tiny", "", False, {"en": "?"}, {"run": "7"}, bundle.file_hashes(tmp_path)).write(tmp_path)
    return tmp_path


def content(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / bundle.MANIFEST).read_text()))


def test_what_was_written_is_read(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.lineage == {"run": "7"}
    assert sorted(manifest.files) == ["model/config.json", "model/model.safetensors"]
    assert manifest.languages == ["en"]
    assert manifest.version == content(folder)["version"]
    assert len(manifest.version) == 16


def test_the_version_hangs_on_what_shapes_the_queries_alone(folder: Path) -> None:
    manifest = read_manifest(folder)
    same = replace(manifest, name="other", lineage={}, base="/elsewhere")
    others = [
        replace(manifest, prompts={"en": "!"}),
        replace(manifest, base_fingerprint="1"),
        replace(manifest, files={}),
    ]
    assert same.version == manifest.version
    assert manifest.version not in {other.version for other in others}


def test_every_changed_file_is_named(folder: Path) -> None:
    (folder / "model" / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(BundleError, match=r"model/model.safetensors was changed after it was published"):
        read_manifest(folder)
    assert read_manifest(folder, verify=False).name == "g"


def test_a_file_that_was_put_in_is_named(folder: Path) -> None:
    (folder / "model" / "extra.json").write_text("{}")
    with pytest.raises(BundleError, match=r"model/extra.json was changed"):
        read_manifest(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model" / "config.json").unlink()
    with pytest.raises(BundleError, match=r"incomplete, without model/config.json"):
        read_manifest(folder, verify=False)


def test_a_bundle_without_weights_is_none(folder: Path) -> None:
    (folder / "model" / "model.safetensors").unlink()
    replace(read_manifest_unchecked(folder), files=bundle.file_hashes(folder)).write(folder)
    with pytest.raises(BundleError, match="incomplete, without weights"):
        read_manifest(folder)


def read_manifest_unchecked(folder: Path) -> Manifest:
    held = content(folder)
    del held["format"], held["version"]
    return Manifest(**held)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["model/run.py", "model/weights.bin", "../outside.json"])
def test_files_of_other_kinds_or_places_are_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text("print()")
    held = read_manifest_unchecked(folder)
    replace(held, files={**held.files, name: "0"}).write(folder)
    with pytest.raises(BundleError, match="does not belong into a generator"):
        read_manifest(folder)


def test_a_changed_manifest_is_refused(folder: Path) -> None:
    changed = content(folder) | {"prompts": {"en": "say something rude"}}
    (folder / bundle.MANIFEST).write_text(json.dumps(changed))
    with pytest.raises(BundleError, match=r"generator.json was changed after it was published"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a generator's manifest"),
        ("[]", "not a generator's manifest"),
        ('{"format": 1}', "not a generator's manifest"),
        ('{"format": 2}', "a generator of another format than 1"),
    ],
)
def test_what_is_no_manifest_says_so(folder: Path, text: str, said: str) -> None:
    (folder / bundle.MANIFEST).write_text(text)
    with pytest.raises(BundleError, match=said):
        read_manifest(folder)


def test_another_folder_is_no_generator(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no generator.json, so no query generator"):
        read_manifest(tmp_path)

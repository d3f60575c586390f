"""Snapshots: whole or not at all, shared between processes, and refused where they are damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from retrieval_engine.dense import DenseIndex, Vectors, files, unit
from retrieval_engine.dense.codes import Codes

LARGE_FROM = 1_000
N, DIM = 3_000, 24
QUERY = np.cos(np.arange(DIM))


@pytest.fixture(scope="module")
def pictures() -> Vectors:
    return unit(np.random.default_rng(5).standard_normal((N, DIM)))


@pytest.fixture
def large(pictures: Vectors) -> DenseIndex:
    return DenseIndex.of([(np.arange(N), pictures)], exact_up_to=LARGE_FROM)


def whole(index: DenseIndex) -> list[tuple[int, float]]:
    ids, cosines = index.search(QUERY, None)
    return list(zip(ids.tolist(), cosines.tolist(), strict=True))


def opened(folder: Path) -> DenseIndex:
    return DenseIndex.open(folder, exact_up_to=LARGE_FROM, verify=True)


@pytest.mark.parametrize("n", [0, 1, 900, N])
def test_what_is_opened_answers_as_what_was_saved(n: int, pictures: Vectors, tmp_path: Path) -> None:
    index = DenseIndex.of([(np.arange(n) * 7, pictures[:n])] if n else [], exact_up_to=LARGE_FROM)
    index.save(tmp_path / "new" / "folder")
    again = opened(tmp_path / "new" / "folder")
    assert whole(again) == whole(index)
    assert [len(again), again.dim] == [n, DIM if n else None]
    assert again.search(QUERY, 5).ids.tolist() == [id for id, _ in whole(index)[:5]]


def test_changes_come_beside_the_snapshot_and_go_into_the_next(
    large: DenseIndex, pictures: Vectors, tmp_path: Path
) -> None:
    for number, id in enumerate([5, 6, 7]):
        assert large.remove(id)
        large.put(N + number, pictures[id])
    large.save(tmp_path)
    again = opened(tmp_path)
    assert [again.remove(8), again.remove(5), again.remove(8)] == [True, False, False]
    assert whole(again) == [pair for pair in whole(large) if pair[0] != 8]
    again.put(9, -pictures[9])
    again.put(8, pictures[8])
    assert again.vector(9) == pytest.approx(-pictures[9], abs=2**-11)
    assert whole(opened(tmp_path)) == whole(large)
    again.save(tmp_path)
    assert whole(opened(tmp_path)) == whole(again)
    assert len(list(tmp_path.glob("*.bin"))) == 3


def test_codes_travel_with_the_snapshot(large: DenseIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large.remove(17)
    large.save(tmp_path)
    monkeypatch.delattr(Codes, "trained")
    again = opened(tmp_path)
    assert again._state.codes is not None
    assert again._state.codes.n == len(again) == N - 1
    assert again.search(QUERY, 30).ids.tolist() == [id for id, _ in whole(large)[:30]]


def test_many_changes_after_opening_leave_the_mapped_vectors_where_they_are(
    large: DenseIndex, pictures: Vectors, tmp_path: Path
) -> None:
    large.save(tmp_path)
    again = opened(tmp_path)
    mapped = again._state.rows.segments[0]
    for _ in range(12):
        again.put_many(np.arange(2_000), pictures[1_000:])
        again.wait()
    again.rebuild()
    assert again._state.rows.segments[0] is mapped
    assert again._state.rows.n < N + 12 * 2_000
    expected = DenseIndex.of([(np.arange(N), pictures), (np.arange(2_000), pictures[1_000:])], exact_up_to=0)
    assert [id for id, _ in whole(again)] == [id for id, _ in whole(expected)]


def test_a_snapshot_that_was_not_finished_leaves_the_last_one(
    large: DenseIndex, pictures: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.save(tmp_path)
    before = whole(large)
    large.put(1, -pictures[1])
    write = files._flushed
    for n_written in range(4):
        left = n_written

        def stops(path: Path, blocks: Iterable[bytes]) -> dict[str, int]:
            nonlocal left
            if not left:
                path.write_bytes(b"half of")
                raise OSError("no space left on device")
            left -= 1
            return write(path, blocks)

        monkeypatch.setattr(files, "_flushed", stops)
        with pytest.raises(OSError, match="no space"):
            large.save(tmp_path)
        assert whole(opened(tmp_path)) == before
    monkeypatch.undo()
    large.save(tmp_path)
    assert whole(opened(tmp_path)) == whole(large)
    assert len(list(tmp_path.glob("*.bin"))) == 3


@pytest.mark.parametrize("part", ["vectors", "ids", "codes"])
@pytest.mark.parametrize("damage", ["missing", "cut", "longer", "changed"])
def test_damaged_snapshots_are_refused(large: DenseIndex, tmp_path: Path, part: str, damage: str) -> None:
    large.save(tmp_path)
    (path,) = tmp_path.glob(f"{part}-*.bin")
    held = bytearray(path.read_bytes())
    if damage == "changed":
        held[len(held) // 2] ^= 64
    path.write_bytes({"cut": held[:-2], "longer": held + b"\0\0"}.get(damage, held))
    if damage == "missing":
        path.unlink()
    with pytest.raises(ValueError, match="not a snapshot of a dense index"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "manifest",
    ["", "{", "[]", "{}", "null", '{"format": 1}', '{"format": 2}', '{"format": 2, "n": "3", "dim": 2, "kind": "<f2"}'],
)
def test_folders_that_hold_none_are_refused(manifest: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="not a snapshot of a dense index"):
            DenseIndex.open(folder)
    (tmp_path / "dense.json").write_text(manifest)
    with pytest.raises(ValueError, match="not a snapshot of a dense index"):
        DenseIndex.open(tmp_path)


@pytest.mark.parametrize(("key", "value"), [("n", N - 1), ("dim", 0), ("dim", -24), ("kind", "<f4"), ("kind", "O")])
def test_manifests_that_do_not_fit_their_files_are_refused(
    large: DenseIndex, tmp_path: Path, key: str, value: object
) -> None:
    large.save(tmp_path)
    about = json.loads((tmp_path / "dense.json").read_text())
    (tmp_path / "dense.json").write_text(json.dumps(about | {key: value}))
    with pytest.raises(ValueError, match="not a snapshot of a dense index"):
        opened(tmp_path)


def test_an_open_while_a_newer_snapshot_comes_gets_the_newer(
    large: DenseIndex, pictures: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.save(tmp_path)
    large.remove(3)
    read = files._read

    def overtaken(*given: object, **named: object) -> object:
        monkeypatch.setattr(files, "_read", read)
        large.save(tmp_path)
        return read(*given, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(files, "_read", overtaken)
    assert whole(opened(tmp_path)) == whole(large)


def test_another_process_keeps_its_snapshot_while_newer_ones_come(large: DenseIndex, tmp_path: Path) -> None:
    large.save(tmp_path)
    before = whole(large)
    script = f"""
import sys
from pathlib import Path
import numpy as np
from retrieval_engine.dense import DenseIndex
index = DenseIndex.open(Path({str(tmp_path)!r}), exact_up_to={LARGE_FROM})
for line in sys.stdin:
    print([int(id) for id in index.search(np.cos(np.arange({DIM})), 50).ids], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def asked() -> list[int]:
            print("search", file=other.stdin, flush=True)
            found: list[int] = json.loads(other.stdout.readline()) if other.stdout else []
            return found

        assert asked() == [id for id, _ in before[:50]]
        for id, _ in before[:10]:
            large.remove(id)
        large.save(tmp_path)
        assert asked() == [id for id, _ in before[:50]]
        shutil.rmtree(tmp_path)
        assert asked() == [id for id, _ in before[:50]]
        other.stdin.close()
        assert other.wait() == 0

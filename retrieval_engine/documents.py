"""Documents in JSON lines: ranked by their words, of which no text is kept, or saved with vectors of their pictures."""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import numpy as np

from .data import DataError
from .frames import FrameError
from .json_lines import Id, TextLine, read_texts
from .lexical import LexicalIndex
from .searcher import Searcher
from .searching import Mode
from .serving import Bundle
from .text import Tokenizer

ABOUT, DOCUMENTS, PLACES, VECTORS = "index.json", "documents.jsonl", "places.npy", "vectors.f32"
BATCH: Final = 64
"""Pictures that are embedded at once."""


class RankedDocuments:
    """BM25 over the texts of documents, with rank-bm25's scores whatever the length of the query."""

    def __init__(self, lines: Iterable[TextLine], tokenizer: Tokenizer) -> None:
        self._ids, self._tokenise = list[Id](), tokenizer
        self._index = LexicalIndex.of(self._tokens(lines), max_terms=None)

    def __len__(self) -> int:
        return len(self._ids)

    def _tokens(self, lines: Iterable[TextLine]) -> Iterator[tuple[int, list[str]]]:
        for place, line in enumerate(lines):
            self._ids.append(line.id)
            yield place, self._tokenise(line.text)

    def search(self, query: str, k: int) -> list[tuple[Id, float]]:
        """(id, score) of the best `k` documents that hold a term of `query`, ties in the order of the documents."""
        ranking = self._index.search(self._tokenise(query), k)
        return [
            (self._ids[place], score)
            for place, score in zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True)
        ]


def save_index(documents: Path | str, folder: Path, bundle: Bundle | None = None) -> int:
    """Check documents and keep them in `folder`; with a bundle, also the vectors of the pictures that their "sticker"
    names beside the file. Their number. The folder appears whole or stays as it was.

    `DataError` for a line that cannot be read, and a folder that holds something else.
    """
    if folder.exists() and not (folder / ABOUT).is_file() and any(folder.iterdir()):
        raise DataError(f"{folder}: holds something else than an index")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        made = Path(temporary) / "index"
        made.mkdir()
        n = _write(documents, made, bundle)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    return n


def _write(documents: Path | str, folder: Path, bundle: Bundle | None) -> int:
    n = 0
    with (folder / DOCUMENTS).open("wb") as texts, (folder / VECTORS).open("wb") as vectors:
        pictures = _Pictures(documents, bundle, vectors) if bundle else None
        for n, line in enumerate(read_texts(documents), 1):
            texts.write(json.dumps({"id": line.id, "text": line.text}, ensure_ascii=False).encode() + b"\n")
            if pictures and line.sticker:
                pictures.add(n - 1, line)
        places = pictures.finish() if pictures else array("q")
    np.save(folder / PLACES, np.array(places, dtype=np.int64))
    about = {"n_documents": n, "bundle_version": bundle.version if bundle else None}
    (folder / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
    return n


class _Pictures:
    """The vectors of documents' pictures on their way into a file, some at a time."""

    def __init__(self, documents: Path | str, bundle: Bundle, out: BinaryIO) -> None:
        self._documents, self._beside = documents, Path(documents).parent
        self._bundle, self._out = bundle, out
        self._places, self._waiting = array("q"), list[tuple[int, Path]]()

    def add(self, place: int, line: TextLine) -> None:
        file = self._beside / line.sticker
        if not file.is_file():
            raise DataError(f"{self._documents}:{line.line}: no picture {file}")
        self._places.append(place)
        self._waiting.append((line.line, file))
        if len(self._waiting) == BATCH:
            self._embed()

    def finish(self) -> array[int]:
        """The places of the documents whose vectors are written, one after the other."""
        self._embed()
        return self._places

    def _embed(self) -> None:
        try:
            self._out.write(self._bundle.encode_stickers([file for _, file in self._waiting]).tobytes())
        except FrameError:
            self._name_broken()
            raise
        self._waiting.clear()

    def _name_broken(self) -> None:
        for line, file in self._waiting:
            try:
                self._bundle.encode_stickers([file])
            except FrameError as error:
                raise DataError(f"{self._documents}:{line}: {file}: {error}") from error


class SeenDocuments:
    """What `save_index` kept with vectors, searched by looks alone or by words and looks together."""

    def __init__(self, folder: Path, bundle: Bundle, tokenizer: Tokenizer) -> None:
        made_with = _about(folder)["bundle_version"]
        if made_with != bundle.version:
            by = f"was made with bundle {made_with}, not {bundle.version}" if made_with else "holds no vectors"
            raise DataError(f"{folder}: the index {by}: index again with --bundle")
        vectors = np.fromfile(folder / VECTORS, dtype=np.float32).reshape(-1, bundle.dim)
        vector_of = dict(zip(np.load(folder / PLACES).tolist(), vectors, strict=True))
        self._ids, self._searcher = list[Id](), Searcher(bundle, tokenizer=tokenizer)
        for place, line in enumerate(read_texts(folder / DOCUMENTS)):
            self._ids.append(line.id)
            self._searcher.put(place, line.text, vector_of.get(place))

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, query: str, k: int, *, mode: Mode) -> list[tuple[Id, float]]:
        """(id, score) of the best `k` documents; see `Searcher.search`."""
        return [(self._ids[hit.id], hit.score) for hit in self._searcher.search(query, k, mode=mode)]


def indexed_documents(folder: Path) -> Path:
    """The documents that `save_index` kept. `DataError` for a folder that is no index."""
    _about(folder)
    return folder / DOCUMENTS


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        return {"bundle_version": about["bundle_version"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: not an index") from error

"""The words that come with pictures: StickerQueries CSVs, CSV and JSON lines of one's own, WhatsApp's contents.json.

A line names its sticker (`sticker_id`, `sticker`, `file`, ...) and gives queries (`queries_en`, `queries_zh`,
`queries`, `labeled_queries`) and labels. Where neither column nor line nor file name tells the language, the script
does; what is said to be in a language that nobody plays in is named and left out.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from retrieval_engine.data import HEADER, SEPARATOR, DataError, read_queries_csv
from sticktionary.domain.intake.sources import File, Unreadable
from sticktionary.models.players import Language

SUFFIXES = {".csv", ".jsonl", ".json"}
MAX_BYTES = 64 * 2**20
MAX_QUERY = 200  # characters
MOST_BAD = 1_000  # lines of a list that are named; with more it is no list
NAME_KEYS = ("sticker_id", "sticker", "file", "file_name", "filename", "image")
LABELS = ("emotion", "style", "gesture", "posture", "facial_expression", "verbal", "drawn", "intent", "emoji")
OTHER_LIST = re.compile(r"(?:sticker_)?queries_([a-z]{2})(?![a-z])")  # a list by its name, and the language it tells
OTHER_COLUMN = re.compile(r"queries_(?!en$|zh$)([a-z]{2})")
ALIASES = {"en": "en", "english": "en", "zh": "zh", "cn": "zh", "chinese": "zh"}
HAN = re.compile(r"[\u3400-\u9fff]")
Row = Mapping[str, Any]


@dataclass(slots=True)
class Described:
    """What is said of one sticker, over all lists."""

    queries: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    printed_text: str = ""
    source: str = ""
    licence: str = ""


@dataclass(slots=True)
class Manifest:
    stickers: dict[str, Described] = field(default_factory=dict)  # by file name
    pack: dict[str, Any] = field(default_factory=dict)  # title, title_zh, licence, source, where the lists say so
    not_stickers: set[str] = field(default_factory=set)  # the tray icon of a messenger's pack
    problems: list[tuple[str, str]] = field(default_factory=list)  # where, why

    def of(self, *names: str) -> Described | None:
        return next((self.stickers[name] for name in names if name in self.stickers), None)


def clean(value: object, limit: int | None = None) -> str:
    """One line of text without control characters."""
    text = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in str(value))
    return " ".join(text.split())[:limit]


def read(files: Iterable[File]) -> Manifest:
    manifest = Manifest()
    for file in files:
        try:
            _read_one(manifest, file)
        except (Unreadable, DataError, ValueError, csv.Error, RecursionError) as error:
            manifest.problems.append((file.name, clean(error, 300)))
        except (AttributeError, TypeError, KeyError):
            manifest.problems.append((file.name, _("It is not built like a list of stickers.")))
    return manifest


def _read_one(manifest: Manifest, file: File) -> None:
    path, content = PurePosixPath(file.name), file.read(MAX_BYTES)
    if path.name == "pack.json":
        manifest.pack.update(_pack_facts(json.loads(content)))
    elif path.name == "contents.json":
        _read_contents(manifest, json.loads(content))
    elif path.suffix.lower() == ".csv" and _first_line(content) == ",".join(HEADER):
        _read_sticker_queries(manifest, file.name, content)
    else:
        n_bad = 0
        for number, row in _rows(path, content):
            n_bad += row is None
            if n_bad > MOST_BAD:
                raise DataError(_("It is not built like a list of stickers."))
            _add_row(manifest, f"{file.name}:{number}", row, language_of(file.name))


def _first_line(content: bytes) -> str:
    return content[:200].decode("utf-8-sig", "replace").split("\n")[0].strip()


def language_of(name: str) -> str | None:
    """The language a file's name tells, as in `sticker_queries_zh_release.csv`. Raises DataError for another one."""
    parts = re.split(r"[^a-z]+", PurePosixPath(name).stem.lower())
    if found := next((ALIASES[part] for part in parts if part in ALIASES), None):
        return found
    if other := OTHER_LIST.match(PurePosixPath(name).stem.lower()):
        raise DataError(_no_such_language(other.group(1)))
    return None


def _no_such_language(name: str) -> str:
    return _("There is no language called %(name)s.") % {"name": name}


def _read_sticker_queries(manifest: Manifest, name: str, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        copy.write(content)
        copy.flush()
        try:
            lines = read_queries_csv(Path(copy.name))
        except DataError as error:
            raise DataError(str(error).replace(copy.name, PurePosixPath(name).name)) from error
    for line in lines:
        _add_queries(manifest, f"{name} ({line.sticker_id})", line.sticker_id, line.queries, language_of(name))


def _rows(path: PurePosixPath, content: bytes) -> Iterator[tuple[int, Row | None]]:
    """Each line with its number; none in place of one that is no object."""
    text = content.decode("utf-8-sig")
    if path.suffix.lower() == ".csv":
        yield from enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 2)
    elif path.suffix.lower() == ".json":
        yield from enumerate(_objects(json.loads(text)), 1)
    else:
        lines = enumerate(text.split("\n"), 1)
        yield from ((number, _object(line)) for number, line in lines if line.strip())


def _object(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _add_row(manifest: Manifest, place: str, row: Row | None, language: str | None) -> None:
    if row is None:
        manifest.problems.append((place, _("This line is not a JSON object.")))
        return
    name = next((clean(row[key]) for key in NAME_KEYS if row.get(key)), "")
    if not name:
        manifest.problems.append((place, _("The line does not name its sticker (%(keys)s).") % {"keys": NAME_KEYS[0]}))
        return
    described = manifest.stickers.setdefault(name, Described())
    _add_all_queries(manifest, f"{place} ({name})", name, row, language)
    described.labels |= {label: _items(row[label]) for label in LABELS if row.get(label)}
    if isinstance(row.get("alt"), dict):
        described.labels["alt"] = {
            told: clean(row["alt"][told], 300) for told in Language.values if row["alt"].get(told)
        }
    described.printed_text = clean(row.get("printed_text") or described.printed_text, 300)
    described.source = clean(row.get("source") or described.source, 300)
    described.licence = clean(row.get("licence") or row.get("license") or described.licence, 120)


def _add_all_queries(manifest: Manifest, place: str, name: str, row: Row, language: str | None) -> None:
    """By the language of the column, of the line, or of the file."""
    said = clean(row.get("language") or row.get("lang") or "", 40)
    told = ALIASES.get(re.split(r"[^a-z]", said.lower())[0]) if said else language
    others = [match.group(1) for column in row if column and (match := OTHER_COLUMN.fullmatch(column))]
    columns: dict[str, str | None] = {"queries_en": "en", "queries_zh": "zh"}
    if said and told is None:
        others.append(said)
    else:
        columns |= {"queries": told, HEADER[1]: told}
    manifest.problems += [(place, _no_such_language(other)) for other in others]
    for column, its in columns.items():
        _add_queries(manifest, place, name, _items(row.get(column)), its)


def _items(value: Any) -> list[str]:
    """A list as it is; a string as a CSV holds lists."""
    if value is None:
        return []
    return [clean(item) for item in (value if isinstance(value, list) else str(value).split(SEPARATOR))]


def _add_queries(manifest: Manifest, place: str, name: str, texts: Iterable[str], language: str | None) -> None:
    described = manifest.stickers.setdefault(name, Described())
    for text in filter(None, map(clean, texts)):
        if len(text) > MAX_QUERY:
            reason = _("A query is longer than %(n)d characters: %(text)s…") % {"n": MAX_QUERY, "text": text[:60]}
            manifest.problems.append((place, reason))
            continue
        told = language or (Language.ZH.value if HAN.search(text) else Language.EN.value)
        described.queries.setdefault(told, []).append(text)


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise DataError(_("Expected a list of objects, one for each sticker."))
    return value


def _pack_facts(facts: Any) -> dict[str, Any]:
    if not isinstance(facts, dict):
        raise DataError(_("Expected an object with the pack's title, licence and source."))
    title = facts.get("title") or ""
    titles = title if isinstance(title, dict) else {"en": title}
    found = {
        "slug": clean(facts.get("slug") or "", 80),
        "title": clean(titles.get("en") or "", 120),
        "title_zh": clean(titles.get("zh") or "", 120),
        "licence": clean(facts.get("licence") or facts.get("license") or "", 120),
        "source": clean(facts.get("source") or "", 300),
    }
    return {key: value for key, value in found.items() if value}


def _read_contents(manifest: Manifest, contents: Any) -> None:
    """The list inside a WhatsApp pack: title, publisher, and each sticker's emoji."""
    for pack in _objects(contents.get("sticker_packs", [contents]) if isinstance(contents, dict) else contents):
        manifest.pack.update(_pack_facts({"title": pack.get("name"), "source": pack.get("publisher")}))
        manifest.not_stickers.add(clean(pack.get("tray_image_file", "")))
        for line in _objects(pack.get("stickers", [])):
            name = clean(line.get("image_file", ""))
            if name:
                manifest.stickers.setdefault(name, Described()).labels["emoji"] = _items(line.get("emojis"))

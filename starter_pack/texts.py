"""What people type for each sticker, and its labels, read from the CSVs beside this module."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .catalogue import STICKERS, Sticker

LANGUAGES = ("en", "zh")
LISTS = ("gesture", "posture", "facial_expression", "verbal", "drawn")
OTHERS = ("labels.csv", "alts.csv", "drawn_words.json")
LABELS = ("emotion", "style", *LISTS)
ENOUGH_QUERIES = 6
COMMA = {"en": ", ", "zh": "，"}


class TextsMissing(Exception):
    """Names every sticker that lacks queries or labels."""


@dataclass(frozen=True)
class Texts:
    queries: Mapping[str, Mapping[str, list[str]]]  # language -> sticker id -> queries
    labels: Mapping[str, Mapping[str, str]]  # sticker id or *_expression -> column -> text
    alts: Mapping[str, Mapping[str, str]]  # expression -> language -> what a character is seen doing
    names: Mapping[str, Mapping[str, list[str]]]  # language -> character -> what it is called, plainly first

    def label(self, sticker: Sticker, column: str) -> str:
        """The sticker's own label, or else the one its expression has for everybody."""
        own = self.labels.get(sticker.id, {}).get(column, "")
        return own or self.labels.get(f"*_{sticker.expression.name}", {}).get(column, "")

    def metadata(self, sticker: Sticker) -> dict[str, object]:
        facts: dict[str, object] = {"sticker": sticker.file}
        facts |= {c: self.label(sticker, c) for c in ("emotion", "style")}
        facts |= {c: _split(self.label(sticker, c), ";") for c in LISTS[:-1]}
        facts |= {"printed_text": "", "drawn": _split(self.label(sticker, "drawn"), ";")}
        return facts | {"alt": {lang: self.alt(sticker, lang) for lang in LANGUAGES}}

    def alt(self, sticker: Sticker, language: str) -> str:
        """What can be seen, for those who listen."""
        who = self.names[language][sticker.who.name][0]
        return f"{who}{COMMA[language]}{self.alts[sticker.expression.name][language]}"

    def faults(self) -> list[str]:
        """Everything that keeps the pack from being complete, a line each."""
        return [line for s in STICKERS.values() for line in (*self._query_faults(s), *self._label_faults(s))]

    def _query_faults(self, sticker: Sticker) -> list[str]:
        found = {lang: self.queries[lang].get(sticker.id, []) for lang in LANGUAGES}
        return [
            f"{sticker.id}: {len(set(qs))} distinct {lang} queries, {ENOUGH_QUERIES} needed"
            for lang, qs in found.items()
            if len(set(qs)) < ENOUGH_QUERIES
        ]

    def _label_faults(self, sticker: Sticker) -> list[str]:
        needed = [c for c in LABELS if c not in ("verbal", "gesture") and not self.label(sticker, c)]
        is_silent = not all(self.alts.get(sticker.expression.name, {}).get(lang) for lang in LANGUAGES)
        needed += ["alt"] if is_silent else []
        return [f"{sticker.id}: no {', '.join(needed)}"] if needed else []


def read_texts(folder: Path) -> Texts:
    """Raises TextsMissing when a file is not there or is incomplete."""
    paths = {lang: folder / f"queries_{lang}.csv" for lang in LANGUAGES}
    absent = [p.name for p in (*paths.values(), *(folder / name for name in OTHERS)) if not p.exists()]
    if absent:
        raise TextsMissing(f"not there: {', '.join(absent)}")
    queries = {
        lang: {row["sticker_id"]: _split(row["labeled_queries"], ",") for row in _rows(p)} for lang, p in paths.items()
    }
    labels = {row["sticker_id"]: row for row in _rows(folder / "labels.csv")}
    alts = {row["expression"]: row for row in _rows(folder / "alts.csv")}
    texts = Texts(queries, labels, alts, json.loads((folder / "drawn_words.json").read_text(encoding="utf-8")))
    if faults := texts.faults():
        raise TextsMissing("\n".join(faults))
    return texts


def write_queries(path: Path, queries: Mapping[str, list[str]]) -> None:
    """The published StickerQueries form: file name, queries joined by a comma and a space."""
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("sticker_id", "labeled_queries"))
        table.writerows((s.file, ", ".join(dict.fromkeys(queries[s.id]))) for s in STICKERS.values())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return [{k: (v or "").strip() for k, v in row.items()} for row in csv.DictReader(source)]


def _split(text: str, mark: str) -> list[str]:
    return [part for piece in text.split(mark) if (part := piece.strip())]

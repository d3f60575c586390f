"""What lies in a release, as its documents speak of it: tables with their parts, and the files around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sticktionary.domain.releases.about import About, File

PARTS = ("train", "validation", "test")
WHOLE = "full"  # the one part of a table that is not split


@dataclass(frozen=True)
class Table:
    name: str
    about: str
    parts: dict[str, File]

    @property
    def columns(self) -> dict[str, str]:
        return next(iter(self.parts.values())).columns

    @property
    def n_rows(self) -> int:
        return sum(file.n_rows or 0 for file in self.parts.values())

    @property
    def pattern(self) -> str:
        """The glob that takes all of its parts."""
        paths = [file.path for file in self.parts.values()]
        return paths[0] if len(paths) == 1 else f"{self.name}/*.{self.format}"

    @property
    def format(self) -> str:
        return next(iter(self.parts.values())).path.rpartition(".")[2]

    @property
    def is_config(self) -> bool:
        """Whether it can be loaded by name: `datasets` takes the format of all configurations from the first."""
        return self.format == "parquet"


ABOUT = {  # in the order in which they are shown; the first is what is loaded when nothing is asked for
    "queries": "One row for each query, with what makes it believed.",
    "pairs": "The training form: one row for each query and the sticker it is for.",
    "stickers": "One row for each sticker.",
    "retrievals": "One row for each time that a player looked a round up among candidates.",
    "annotations": "What players said about stickers on bonus pages: one row for each answer.",
    "annotation_labels": "What the answers to one question say together: one row for each question.",
    "sessions": "One row for each conversation that stickers are used in.",
    "turns": "One row for each turn of a conversation.",
    "samples": "One row for each use of a sticker in a conversation.",
    "replies": "Which stickers players would send in its place: one row for each reply.",
    "splits": "On which side of the split each sticker stands.",
    "tombstones": "What was taken back and is left out.",
}


def tables(about: About) -> list[Table]:
    """The tables that have rows, Parquet where there is a choice."""
    return [Table(name, ABOUT[name], parts) for name in ABOUT if (parts := _parts(name, about.files))]


def _parts(name: str, files: list[File]) -> dict[str, File]:
    for ending in ("parquet", "jsonl"):
        places = {part: f"{name}/{part}.{ending}" for part in PARTS} | {WHOLE: f"{name}.{ending}"}
        by_path = {file.path: file for file in files if file.n_rows}
        found = {part: by_path[path] for part, path in places.items() if path in by_path}
        if found:
            return found
    return {}


def has_pictures(about: About) -> bool:
    return any(file.path.startswith("stickers/") for file in about.files)


FILES = [  # what else there is, by the beginning of its path
    (r"sticker_queries_\w+\.csv", "the published StickerQueries form: `sticker_id,labeled_queries`, a file a language"),
    (r"stickers/", "the pictures, named by `sticker_id`, without what their files said beside them"),
    (r"queries/\w+\.jsonl", "the rows of `queries` as JSON lines"),
    (r"(stickers|retrievals)\.jsonl", "the same rows as the Parquet table, as JSON lines"),
    (r"annotation_labels\.jsonl", "what the answers to each question of `annotations` say together, and its views"),
    (r"sticker820k/", "annotations in the form of Sticker820K"),
    (r"stickerint/", "conversations in the form of StickerInt"),
    (r"multichat/", "conversations in the form of MultiChat"),
    (r"rules\.json", "the rules that decided what is in this release"),
    (r"statistics\.json", "the figures of the tables below, and more"),
    (r"pii_report\.json", "what the scan for personal data looked for and found"),
]
DOCUMENTS = [
    ("croissant.json", "this dataset for machines, in Croissant with the responsible-AI terms"),
    ("CITATION.cff", "how to cite it"),
    ("LICENSE", "what may be done with which part"),
    ("DATASHEET.md", "where it comes from, what it is good for and what not"),
    ("RELEASE_NOTES.md", "what is new, and what changed since the release before"),
    ("diff.json", "every query and sticker that came, went or changed since the release before"),
    ("manifest.json", "counts, rules, code version and checksums"),
    ("SHA256SUMS", "the checksum of every file, for `sha256sum -c`"),
]


def other_files(about: About) -> list[tuple[str, str]]:
    """Each further kind of file that is there, as a path or a folder, with what it is."""
    found: dict[str, str] = {}
    for file in about.files:
        for pattern, meaning in FILES:
            if match := re.match(pattern, file.path):
                found.setdefault(match.group(), meaning)
    return [*found.items(), *DOCUMENTS]

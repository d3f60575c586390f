"""Figures as the page of statistics shows them: rows with the paper's beside ours, clouds of words, histograms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from retrieval_engine.papers import HOURS, QUERIES_PER_HOUR, SOURCE
from retrieval_engine.papers import PUBLISHED as PRINTED
from sticktionary.models.players import Language

__all__ = ["HOURS", "QUERIES_PER_HOUR", "SOURCE", "agreement", "players", "queries", "sides"]

# Words that say nothing of a sticker; they are counted everywhere, and left out of the clouds.
_FUNCTION_WORDS = (
    "a an and are at be but by do for i ill im in is it its me my no not of off on or so that the this to too up was",
    "we what when with you your 的 了 我 你 他 她 是 不 在 就 也 都 有 啊 呀 吧 吗 呢 个 这 那 要 又 被 给 到 着 没 很",
    "得 地 谁 和",
)
FUNCTION_WORDS = frozenset(word for line in _FUNCTION_WORDS for word in line.split())
N_WORDS = 40  # of a cloud
N_TOP = 12  # queries that are listed
SIZES = 6  # of words in a cloud; static/css/statistics.css has a class for each
BARS = 24  # of a histogram; what is longer falls into the last
WIDTH, HEIGHT = 300, 90  # of a histogram
COUNTED = {"success_rate": "n_proof", "gold_pass_rate": "n_gold", "absent_pass_rate": "n_absent"}  # of how many
NAMED = {"per_sticker": "per_sticker.mean", "words": "segments.mean", "characters": "characters.mean"}  # as ours are
PUBLISHED = {
    table: {lang: {NAMED.get(name, name): n for name, n in figures.items()} for lang, figures in by_language.items()}
    for table, by_language in {**PRINTED, "pace": {}}.items()
}
LANGUAGES: tuple[str, ...] = tuple(Language.values)


@dataclass(frozen=True)
class Cell:
    value: float | None
    published: float | None = None
    is_share: bool = False

    @property
    def percent(self) -> float | None:
        return None if self.value is None else 100 * self.value


@dataclass(frozen=True)
class Row:
    name: str
    cells: list[Cell]


def _rows(names: list[tuple[str, str]], held: dict[str, Any], table: str) -> list[Row]:
    """A row for each figure: `names` are (what it is called, its key), with a point before what lies inside it."""
    told = PUBLISHED[table]
    return [Row(name, [_cell(held.get(lang), key, told.get(lang, {})) for lang in LANGUAGES]) for name, key in names]


def _cell(held: Any, key: str, published: dict[str, float]) -> Cell:
    is_share = key in COUNTED
    if held is None or (is_share and not held[COUNTED[key]]):
        return Cell(None, published.get(key))
    for part in key.split("."):
        held = held[part]
    return Cell(held, published.get(key), is_share)


def players(found: dict[str, Any], held: dict[str, Any]) -> list[Row]:
    """Table 2, and how fast queries come."""
    people = held.get("players", {})
    rows = _rows(
        [
            (_("Labelers"), "n_labelers"),
            (_("Rounds written"), "n_labelled"),
            (_("Rounds per labeler"), "tasks_per_labeler"),
            (_("Retrievers"), "n_retrievers"),
            (_("Lookups"), "n_retrievals"),
            (_("Lookups per retriever"), "tasks_per_retriever"),
            (_("Found"), "success_rate"),
            (_("Gold rounds looked up"), "n_gold"),
            (_("Gold rounds passed"), "gold_pass_rate"),
            (_("Absent targets noticed"), "absent_pass_rate"),
        ],
        people,
        "players",
    )
    pace = [(_("Hours of play"), "hours"), (_("Verified queries per hour"), "queries_per_hour")]
    return rows + _rows(pace, found["pace"], "pace")


def queries(held: dict[str, Any]) -> list[Row]:
    """Table 3."""
    return _rows(
        [
            (_("Stickers"), "n_stickers"),
            (_("Queries"), "n_queries"),
            (_("Different queries"), "n_distinct"),
            (_("Queries per sticker, mean"), "per_sticker.mean"),
            (_("Queries per sticker, median"), "per_sticker.median"),
            (_("Queries per sticker, most"), "per_sticker.most"),
            (_("Stickers with one query"), "n_single"),
            (_("Words per query"), "segments.mean"),
            (_("Characters per query"), "characters.mean"),
            (_("Words in all"), "n_words"),
            (_("Different words"), "n_vocabulary"),
        ],
        held.get("queries", {}),
        "lists",
    )


# --- a language beside the other ---


@dataclass(frozen=True)
class Word:
    text: str
    n: int
    size: int  # 1 to SIZES


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    n: int


@dataclass(frozen=True)
class Histogram:
    title: str
    bars: list[Bar]
    axis: list[tuple[float, str]]  # where a number stands below, and which
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Side:
    language: str
    name: str
    cloud: list[Word] = field(default_factory=list)
    top: list[tuple[str, int]] = field(default_factory=list)
    histograms: list[Histogram] = field(default_factory=list)


def sides(held: dict[str, Any]) -> list[Side]:
    return [
        Side(
            language,
            Language(language).label,
            cloud(figures["top_words"]),
            [(text, n) for text, n in figures["top_queries"][:N_TOP]],
            [
                histogram(_("Queries per sticker"), figures["per_sticker"]["histogram"]),
                histogram(_("Words per query"), figures["segments"]["histogram"]),
                histogram(_("Characters per query"), figures["characters"]["histogram"]),
            ],
        )
        for language, figures in held.get("queries", {}).items()
    ]


def cloud(words: list[tuple[str, int]]) -> list[Word]:
    """Words in the order of their characters; area, not height, follows the number."""
    telling = [(text, n) for text, n in words if text not in FUNCTION_WORDS][:N_WORDS]
    most = max((n for _text, n in telling), default=1)
    sized = [Word(text, n, 1 + round((SIZES - 1) * (n / most) ** 0.5)) for text, n in telling]
    return sorted(sized, key=lambda word: word.text)


def histogram(title: str, counts: list[tuple[int, int]]) -> Histogram:
    """A bar for each number from the least on; from BARS on they share the last one."""
    held = dict(counts)
    first, last = min(held), min(max(held), min(held) + BARS - 1)
    times = {value: held.get(value, 0) for value in range(first, last + 1)}
    times[last] += sum(n for value, n in held.items() if value > last)
    labels = [f"{value}{'+' if value == last < max(held) else ''}" for value in times]
    bars = [_bar(place, n, len(times), max(times.values())) for place, n in enumerate(times.values())]
    every = 1 if len(bars) <= 12 else 4
    axis = [(round(x + width / 2, 1), label) for (x, _y, width, _h), label in zip(bars, labels, strict=True)]
    named = zip(bars, labels, times.values(), strict=True)
    return Histogram(title, [Bar(*bar, label, n) for bar, label, n in named], axis[::every])


def _bar(place: int, n: int, n_bars: int, most: int) -> tuple[float, float, float, float]:
    step, height = WIDTH / n_bars, HEIGHT * n / most
    return round(place * step + 1, 1), round(HEIGHT - height, 1), round(step - 2, 1), round(height, 1)


# --- table 4 ---


@dataclass(frozen=True)
class Agreed:
    value: float
    low: float
    high: float
    by_chance: float | None
    n_stickers: int
    n_pairs: int
    published: float | None


def agreement(held: dict[str, Any]) -> list[tuple[str, list[Agreed | None]]]:
    """Each measure in each variant: a cell per language, none where it does not exist there."""
    found = held.get("agreement", {})
    fullest_first = sorted(found.values(), key=len, reverse=True)
    names = dict.fromkeys(name for rows in fullest_first for name in rows)
    return [(_said(name), [_agreed(found.get(lang, {}).get(name), name, lang) for lang in LANGUAGES]) for name in names]


def _agreed(figure: dict[str, Any] | None, name: str, language: str) -> Agreed | None:
    if figure is None:
        return None
    told = PUBLISHED["agreement"].get(language, {})
    return Agreed(**figure, published=next((told[kind] for kind in told if name.startswith(kind)), None))


def _said(name: str) -> str:
    """The measure's name as it is, with what is compared in words."""
    measure, _comma, variant = name.rpartition(", ")
    variants = {
        "list": _("whole lists"),
        "best": _("each query with the nearest"),
        "within": _("single queries of a sticker"),
        "halves": _("random halves of a sticker's queries"),
    }
    measure = measure.replace("(words)", _("(words)")).replace("(characters)", _("(characters)"))
    return f"{measure}, {variants.get(variant, variant)}"

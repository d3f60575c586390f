"""The report of a run: its model beside the one it began as, CLIP, words alone and the live model, all on the same
conversations with the same lists of candidates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...training.figures import Report
from ...training.run import Reporter
from ..data import candidates, wording
from ..data.conversations import Use
from ..data.gallery import Places
from ..models.learning import DialogueModel, scores_of
from . import evaluation, measures
from .evaluation import GALLERY, LISTS, Bench, Measured, Score
from .material import Material

TRAINED, UNTRAINED, CLIP, BM25, LLM_BM25, LIVE, GAIN = (
    "trained", "untrained", "clip", "bm25", "llm-bm25", "live", "gain",
)  # fmt: skip
HEADLINE: Final = (GALLERY, TRAINED, "all", "map[acceptable]")
VALUES: Final = "values.jsonl"
"""In the run's folder: what its own model got on each use, so that runs can be compared use by use."""
AT_ONCE: Final = 64
"""Conversations between two looks at whether to go on."""
N_EXAMPLES, N_SHOWN = 24, 5
NOTE: Final = (
    "Every method answers the same test conversations, of sessions that nothing was learned from. reply/gallery "
    "ranks all stickers, reply/candidates a stored list with one right sticker among others of its pack. [exact] is "
    "the sticker that was sent, [acceptable] it or what people say means the same, [intent] what is mostly used for "
    "what was meant, [intent_any] what is ever used for it. Ties count by their expected value; intervals are 95 %, "
    "by bootstrap over conversations."
)


@dataclass(frozen=True, slots=True)
class Method:
    """Something that ranks stickers, under the name that its figures have."""

    name: str
    score: Score


def of_model(name: str, model: DialogueModel, report: Reporter) -> Method:
    """A model in torch, which can be stopped between conversations."""

    def score(uses: Sequence[Use], places: Places | None) -> np.ndarray:
        parts = []
        for start in range(0, len(uses), AT_ONCE):
            report.step(start, len(uses), {})
            of = None if places is None else places[start : start + AT_ONCE]
            parts.append(scores_of(model, uses[start : start + AT_ONCE], of))
        return np.concatenate(parts) if parts else scores_of(model, uses, places)

    return Method(name, score)


def judge(recipe: str, material: Material, methods: Iterable[Method], notes: Sequence[str], report: Reporter) -> Report:
    """Measure `methods`, of which the first is the run's own, and write the report and its values."""
    report.phase("evaluating")
    bench, found = Bench(material.gallery, material.test, material.lists), dict[str, list[Measured]]()
    examples = list[dict[str, Any]]()
    for method in methods:
        found[method.name] = bench.measure(method.name, method.score)
        report.log(f"Measured {method.name} on {len(material.test)} conversations.")
        if method.name == TRAINED:
            examples = list(_examples(method, material))
    figures = [each.figure for own in found.values() for each in own]
    if TRAINED in found and LIVE in found:
        figures += evaluation.gains(GAIN, found[TRAINED], found[LIVE])
    told = [NOTE, *material.notes(), *notes]
    if not material.test:
        told.append("The release has no test conversations: nothing was measured.")
    _write_values(found.get(TRAINED, []), report.folder / VALUES)
    return Report(recipe, HEADLINE, figures, told, examples)


def _write_values(measured: Sequence[Measured], path: Path) -> None:
    rows = (
        {
            "task": each.figure.task, "language": each.figure.language, "metric": each.figure.metric,
            "uses": list(each.uses), "values": each.values.tolist(),
        }
        for each in measured
        if each.figure.language == "all" and each.figure.task in (GALLERY, LISTS)
    )  # fmt: skip
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _examples(method: Method, material: Material) -> Iterator[dict[str, Any]]:
    """A few conversations with the sticker that was sent, its place, and what came first."""
    gallery, told = material.gallery, material.gallery.conversations
    chosen = material.test[:: max(1, len(material.test) // N_EXAMPLES)][:N_EXAMPLES]
    if not chosen:
        return
    for use, row in zip(chosen, method.score(chosen, None), strict=True):
        first = np.argsort(-row, kind="stable")[:N_SHOWN]
        yield {
            "sticker_id": use.gold,
            "language": use.language,
            "texts": [wording.spoken([turn], told, "") for turn in use.turns(6)],
            "found": [gallery.stickers[place].id for place in first],
            "rank": int((row > row[told.place[use.gold]]).sum()) + 1,
            "intent": use.intent or "",
            "scenario": use.scenario or "",
            "use": use.id,
        }


def validated(model: DialogueModel, material: Material, headline: str) -> dict[str, float]:
    """What `headline` and its kin come to on the validation conversations, under names with "validation/"."""
    uses = material.validation
    if headline.startswith("validation/map_"):
        rows = [material.lists[use.id] for use in uses]
        listed = candidates.places(rows, material.gallery)
        right = np.arange(listed.shape[1])[None] == np.array([row.gold_index for row in rows])[:, None]
        return {headline: float(measures.average_precision(scores_of(model, uses, listed), right).mean())}
    relevant = evaluation.relevance(material.gallery, uses)
    scores = scores_of(model, uses)
    told = dict[str, float]()
    for sense in ("exact", "intent"):
        there = relevant[sense].any(axis=1)
        if there.any():
            own, right = scores[there], relevant[sense][there]
            told[f"validation/map[{sense}]"] = float(measures.average_precision(own, right).mean())
            told[f"validation/hit_at_5[{sense}]"] = float(measures.hit_at(own, right, 5).mean())
    hits = [measures.hit_at(scores, relevant["exact"], k).mean() for k in (1, 5, 10)]
    return told | {"validation/mean_recall[exact]": float(np.mean(hits))}


def headline_of(recipe: str, material: Material, n_listed: int) -> str:
    """What validation decides by: for models of intents how well these are met, where people said any; for those of
    packs the stored lists; for StickerLLM the mean of recall at 1, 5 and 10."""
    if recipe in ("pbr", "srs", "mmbert"):
        return f"validation/map_{n_listed}"
    if recipe == "stickerllm":
        return "validation/mean_recall[exact]"
    has_intents = any(use.intent for use in material.validation)
    meets = has_intents and evaluation.relevance(material.gallery, material.validation)["intent"].any()
    return "validation/map[intent]" if meets else "validation/map[exact]"

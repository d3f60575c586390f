"""The report of a run: its model beside the one it started from, the live one, words alone and fusion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from ..bundle import BundleError
from ..dense import Vectors
from ..serving import Bundle
from ..training.figures import Report
from ..training.run import REPORT, Reporter
from .encoding import Towers
from .evaluation import HUMAN, LIVE, Evaluation, Method
from .material import Material
from .recipe import RECIPE

OURS, ZERO_SHOT, FROZEN = "fine-tuned", "zero-shot", "freeze-vision"
HEADLINE: Final = (f"text_to_image/{HUMAN}", OURS, "all", "mrr")
AT_ONCE: Final = 64
"""Pictures between two looks at whether to go on."""
NOTE: Final = (
    "Test stickers share no near duplicate with those learned from. Models find pictures by their looks; BM25 has "
    "the sticker's other queries, never the one that is asked; fusion has both. Ties count by their expected value. A "
    "query that several stickers share still has one right answer. Intervals are 95 %, by bootstrap over queries."
)


def judge(material: Material, methods: Iterable[Method], report: Reporter) -> Report:
    """Measure `methods`, of which `OURS` is the run's, on the test stickers, and write the report."""
    report.phase("evaluating")
    notes, judged = [NOTE], Evaluation(material.stickers, material.of("test"), list(methods), OURS)
    if material.of("test"):
        judged.measure(lambda done, n: report.step(done, n, {}))
    else:
        notes.append("The release has no test stickers: nothing was measured.")
    measured = Report(RECIPE.name, HEADLINE, judged.figures, notes, judged.examples)
    measured.write(report.folder / REPORT)
    return measured


def method_of(name: str, towers: Towers, material: Material, *, fused_name: str = "") -> Method:
    """A model in torch."""
    towers.model.eval()
    return Method(name, towers.encode_texts, material.vectors(towers), fused_name)


def method_of_bundle(name: str, folder: str, material: Material, report: Reporter, *, fused_name: str = "") -> Method:
    """A published model, as it serves. Raises `BundleError`."""
    bundle = Bundle.open(folder, threads=os.cpu_count() or 1)
    pictures = list[Vectors]()
    for start in range(0, len(material.stickers), AT_ONCE):
        report.look_up()
        some = material.stickers[start : start + AT_ONCE]
        pictures.append(bundle.encode_stickers([sticker.picture for sticker in some]))
    return Method(name, bundle.encode, np.concatenate(pictures), fused_name)


def live(folder: str, material: Material, report: Reporter) -> Iterator[Method]:
    """The live model, if there is one and it can be opened."""
    if not folder:
        return
    try:
        yield method_of_bundle(LIVE, folder, material, report, fused_name=f"{LIVE} fusion")
    except BundleError as error:
        report.warn(f"The live model is not compared with: {error}.")

"""What a small CLIP learns from nothing, beside BM25: python -m benchmarks.from_nothing [--data FOLDER] [--steps N]

FOLDER holds `stickers/` and StickerQueries CSVs; without one it is the starter pack. Two splits: by query, a fifth of a
sticker's queries held out; and by sticker, a fifth of the stickers never seen, which BM25 finds by their other queries.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from retrieval_engine.catalogue import learnable, read_stickers, searcher_of, split
from retrieval_engine.data import split_by_group
from retrieval_engine.encoder import Clip
from retrieval_engine.evaluate import CUTOFFS, Figures, evaluate, table
from retrieval_engine.export import export
from retrieval_engine.stickerclip.encoding import Towers
from retrieval_engine.stickerclip.evaluation import FUSION, HUMAN, WORDS, Evaluation
from retrieval_engine.stickerclip.fitting import train
from retrieval_engine.stickerclip.judging import OURS, method_of
from retrieval_engine.stickerclip.material import Material
from retrieval_engine.stickerclip.recipe import ClipSettings
from retrieval_engine.stickerclip.starter import ARCHITECTURE
from retrieval_engine.training.figures import Figure
from retrieval_engine.training.processes import ALONE
from retrieval_engine.training.release import Sticker
from retrieval_engine.training.run import Reporter
from retrieval_engine.untrained import small_clip

PACK = Path(__file__).parent.parent / "starter_pack" / "pack"
SHARE = 0.2
NAMES = {WORDS: "BM25", OURS: "CLIP", FUSION: "fusion"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.from_nothing", description=__doc__)
    parser.add_argument("--data", type=Path, default=PACK)
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    csvs = sorted(args.data.glob("sticker_queries_*.csv"))
    settings = ClipSettings(
        steps=args.steps, batch=128, part=128, texts_per_sticker=2, learning_rate=2e-3, weight_decay=0.1, augment=0.3,
        drop_word=0.1, shared_texts="positive",
    )  # fmt: skip
    print(f"{args.data.name}: {args.steps} steps of {settings.batch} stickers")
    _by_query(args.data / "stickers", csvs, settings)
    _by_sticker(args.data / "stickers", csvs, settings)
    return 0


def _by_query(folder: Path, csvs: Sequence[Path], settings: ClipSettings) -> None:
    kept, held_out = split(read_stickers(folder, csvs), SHARE)
    with tempfile.TemporaryDirectory() as place:
        clip = _trained([learnable(sticker) for sticker in kept], settings, Path(place))
        bundle = export(clip, Path(place) / "bundle")
        print(
            f"\nSplit by query: {len(held_out)} of {sum(len(s.all_queries()) for s in kept) + len(held_out)} held out"
        )
        print(table(evaluate(searcher_of(kept, bundle), held_out), len(kept)), flush=True)


def _by_sticker(folder: Path, csvs: Sequence[Path], settings: ClipSettings) -> None:
    everything = [learnable(sticker) for sticker in read_stickers(folder, csvs)]
    parts = split_by_group([sticker.id for sticker in everything], [1 - SHARE, SHARE])
    made = [replace(s, part="test" if part else "train") for s, part in zip(everything, parts, strict=True)]
    with tempfile.TemporaryDirectory() as place, Reporter(Path(place)) as report:
        clip = _trained(made, settings, Path(place))
        material = Material.prepare(made, clip.image.size, report, ALONE)
        methods = [method_of(OURS, Towers(clip), material, fused_name=FUSION)]
        judged = Evaluation(made, material.of("test"), methods, OURS)
        judged.measure()
    test = material.of("test")
    print(f"\nSplit by sticker: {len(test)} of {len(made)} never seen, which are the gallery")
    print(table(_figures(judged.figures), len(test)), flush=True)


def _trained(stickers: list[Sticker], settings: ClipSettings, place: Path) -> Clip:
    learned = [sticker for sticker in stickers if sticker.part == "train"]
    clip = small_clip("nothing", ARCHITECTURE, [query.text for sticker in learned for query in sticker.queries])
    train(clip, learned, settings, place)
    return clip


def _figures(rows: Sequence[Figure]) -> dict[str, dict[str, Figures]]:
    """What `Evaluation` found for people's queries, as `evaluate` tells it."""
    rows = [row for row in rows if row.task == f"text_to_image/{HUMAN}"]
    by = {(row.language, row.method, row.metric.removesuffix("[exact]")): row for row in rows}
    names = [*(f"recall_at_{k}" for k in CUTOFFS), "mrr"]
    return {
        language: {NAMES[method]: _told([by[language, method, name] for name in names]) for method in NAMES}
        for language in dict.fromkeys(row.language for row in rows)
    }


def _told(rows: Sequence[Figure]) -> Figures:
    *recalls, mrr = rows
    recall = {k: row.value for k, row in zip(CUTOFFS, recalls, strict=True)}
    bounds = {"mrr": (mrr.low, mrr.high)} if mrr.low is not None and mrr.high is not None else {}
    return Figures(mrr.n, recall, mrr.value, mrr.tied or 0.0, bounds)


if __name__ == "__main__":
    raise SystemExit(main())

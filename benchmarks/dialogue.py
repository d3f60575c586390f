"""What each part of the conversation models is worth in planted worlds, over seeds: python -m benchmarks.dialogue
[WORLD ...] [--seeds 0 1 2] [--kept FILE]

Tiny towers with random weights; nothing is downloaded. Each variant's figures are the mean over the seeds and, in
brackets, the least and the greatest; beside them chance, the steps and the seconds of the processor's time of one run.
What must hold is listed below each table, and the command fails where it does not. With FILE every run's figures are
kept as JSON lines and not made again, so that a long evening can be had in parts.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from benchmarks._planted import EXPERIMENTS, Experiment, Outcome, Sign

Found = Mapping[str, Sequence[Outcome]]
"""Of each variant its outcomes by seed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialogue", description=__doc__)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"of {', '.join(EXPERIMENTS)}; else all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--kept", type=Path, help="a file of figures that is gone on with")
    parser.add_argument("--tables", action="store_true", help="run nothing; show what is kept")
    args = parser.parse_args(argv)
    if unknown := set(args.worlds) - set(EXPERIMENTS):
        parser.error(f"no world {', '.join(sorted(unknown))}; there are {', '.join(EXPERIMENTS)}")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)  # tiny models: more threads only wait for each other
    broken = 0
    for name in args.worlds or EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        kept = Kept(args.kept, name)
        if not args.tables:
            for seed in args.seeds:  # seed by seed: what variants share is made once
                for variant, run in experiment.variants.items():
                    if (variant, seed) not in kept:
                        kept.add(variant, seed, run(seed))
        broken += shown(experiment, kept.of(args.seeds))
    return bool(broken)


class Kept:
    """The outcomes of a world, in a file that is only added to, or in memory."""

    def __init__(self, path: Path | None, world: str) -> None:
        self._path, self._world = path, world
        self._outcomes = dict[tuple[str, int], Outcome]()
        for line in path.read_text().splitlines() if path and path.exists() else ():
            row = json.loads(line)
            of, key = row.pop("world"), (row.pop("variant"), row.pop("seed"))
            if of == world:
                self._outcomes[key] = Outcome(**row)

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._outcomes

    def add(self, variant: str, seed: int, outcome: Outcome) -> None:
        """Keep one."""
        self._outcomes[variant, seed] = outcome
        if self._path:
            with self._path.open("a") as file:
                named = {"world": self._world, "variant": variant, "seed": seed}
                file.write(json.dumps(named | asdict(outcome)) + "\n")

    def of(self, seeds: Sequence[int]) -> Found:
        """By variant, those of `seeds`."""
        variants = dict.fromkeys(variant for variant, _ in self._outcomes)
        kept = {v: [self._outcomes[v, seed] for seed in seeds if (v, seed) in self._outcomes] for v in variants}
        return {variant: outcomes for variant, outcomes in kept.items() if outcomes}


def shown(experiment: Experiment, found: Found) -> int:
    """Print a world's table and what must hold; how much of it does not."""
    print(f"\n### {experiment.title}\n", flush=True)
    metrics = list(dict.fromkeys(metric for outcomes in found.values() for metric in outcomes[0].values))
    print(f"| | {' | '.join(metrics)} | seeds | steps | s |\n|{' --- |' * (len(metrics) + 4)}")
    for variant, outcomes in found.items():
        cells = [_cell([each.values[metric] for each in outcomes if metric in each.values]) for metric in metrics]
        seconds = np.mean([each.seconds for each in outcomes])
        print(f"| {variant} | {' | '.join(cells)} | {len(outcomes)} | {outcomes[0].steps} | {seconds:.0f} |")
    by_chance = [f"{experiment.chance[m]:.2f}" if m in experiment.chance else "" for m in metrics]
    print(f"| chance | {' | '.join(by_chance)} | | | |\n")
    held = [(sign, _gap(sign, found)) for sign in experiment.signs]
    for sign, gap in held:
        verdict = "not run" if gap is None else "holds" if gap > sign.by else "DOES NOT HOLD"
        by = "" if gap is None else f" (by {gap:+.2f})"
        print(f"* {sign.metric}: {_name(sign.better)} > {_name(sign.worse)} {sign.by:+.2f}: {verdict}{by}")
    return sum(gap is not None and gap <= sign.by for sign, gap in held)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{np.mean(values):.2f}" + (f" [{min(values):.2f}, {max(values):.2f}]" if len(values) > 1 else "")


def _name(side: str | float) -> str:
    return side if isinstance(side, str) else f"{side:.2f}"


def _gap(sign: Sign, found: Found) -> float | None:
    """How much the better side is above the other; none where one was not run."""
    sides = []
    for side in (sign.better, sign.worse):
        if isinstance(side, str) and side not in found:
            return None
        held = [side] if not isinstance(side, str) else [each.values[sign.metric] for each in found[side]]
        sides.append(float(np.mean(held)))
    return sides[0] - sides[1]


if __name__ == "__main__":
    raise SystemExit(main())

"""Carry out the run whose order lies in a folder: python -m retrieval_engine.training FOLDER

The exit status says how it ended (`run.EXIT`); so does the last line of the folder's progress.jsonl.
"""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module
from pathlib import Path

from .recipes import SettingsError, recipes
from .run import EXIT, Diverged, Ending, Order, Refused, Reporter, Stopped


def carry_out(folder: Path) -> tuple[Ending, str]:
    """Do what the order in `folder` says, or go on with it. How it ended, and why."""
    try:
        order = Order.read(folder)
    except Refused as refusal:
        return "refused", str(refusal)
    with Reporter(folder, watched=order.watched) as report:
        ending, message = _carry_out(order, report)
        report.end(ending, message)
    return ending, message


def _carry_out(order: Order, report: Reporter) -> tuple[Ending, str]:
    try:
        recipe = recipes().get(order.recipe)
        if recipe is None:
            raise Refused(f"There is no recipe {order.recipe}; known: {', '.join(recipes())}.")
        recipe.checked(order.settings)
        import_module(recipe.module).carry_out(order, report)
    except Stopped as stopped:
        return "stopped", str(stopped)
    except (Refused, SettingsError) as refusal:
        return "refused", str(refusal)
    except Diverged as error:
        return "diverged", str(error)
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        return "failed", f"{type(error).__name__}: {error}"
    return "done", ""


def main(argv: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine.training", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds run.json, the order")
    ending, message = carry_out(parser.parse_args(argv).folder)
    if message:
        print(message, file=sys.stderr)
    return EXIT[ending]


if __name__ == "__main__":
    sys.exit(main())

"""python -m starter_pack build | sheets | check"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .catalogue import STICKERS
from .check import faults, summary
from .pack import HERE, PACK, draw_pictures, write_texts
from .sheets import write_sheets
from .texts import TextsMissing, read_texts


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except TextsMissing as missing:
        print(missing, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m starter_pack", description="The project's own stickers, drawn by code."
    )
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("build", help="draw the stickers and write the pack")
    build.add_argument(
        "--only", nargs="+", metavar="ID", default=list(STICKERS), help="draw these alone, such as cat_haha"
    )
    build.add_argument("--jobs", type=int, default=2, help="processes that draw")
    what = build.add_mutually_exclusive_group()
    what.add_argument("--art-only", action="store_true", help="pictures without queries and labels")
    what.add_argument("--texts-only", action="store_true", help="queries and labels without drawing")
    build.set_defaults(run=_build)
    sheets = commands.add_parser("sheets", help="contact sheets of everything, light and dark")
    sheets.add_argument("folder", type=Path)
    sheets.add_argument("--cell", type=int, default=96, help="size of one sticker in pixels")
    sheets.add_argument("--jobs", type=int, default=2)
    sheets.set_defaults(run=_sheets)
    commands.add_parser("check", help="is the built pack complete?").set_defaults(run=_check)
    return parser


def _build(args: argparse.Namespace) -> int:
    if unknown := [i for i in args.only if i not in STICKERS]:
        print(f"no such sticker: {', '.join(unknown)}", file=sys.stderr)
        return 1
    texts = None if args.art_only else read_texts(HERE)
    if not args.texts_only:
        size = draw_pictures(args.only, args.jobs)
        print(f"{len(args.only)} stickers, {size / 1e6:.2f} MB")
    if texts:
        write_texts(texts)
    return 0


def _sheets(args: argparse.Namespace) -> int:
    write_sheets(args.folder, args.cell, args.jobs)
    return 0


def _check(args: argparse.Namespace) -> int:
    found = faults(PACK)
    print("\n".join(found) if found else summary(PACK))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Have a published generator write queries: python -m retrieval_engine.querygen generate --bundle B --stickers F ...

Reads {"id": ..., "path": ...} lines and prints for each, at once, {"id": ..., "queries": [...]}, a query being {"text":
..., "log_probability": ...}. A picture that cannot be read gives no queries and an "error". Ends with 2 and a sentence
when the generator cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from ..data import DataError
from ..frames import FrameError
from ..json_lines import read_jsonl
from ..training.run import Refused
from .pictures import strip


def generate(args: argparse.Namespace) -> None:
    """Write for all stickers of the file, `args.batch` at a time."""
    from .generator import Generator

    generator = Generator.open(args.bundle, device=args.device, four_bit=args.four_bit, seed=args.seed)
    if args.language not in generator.languages:
        raise Refused(f"This generator does not write in {args.language}, but in {', '.join(generator.languages)}.")
    rows = (row for _, row in read_jsonl(args.stickers))
    while some := list(islice(rows, args.batch)):
        seen = [_seen(row, generator.side) for row in some]
        pictures = [picture for picture in seen if isinstance(picture, Image.Image)]
        lists = iter(generator.generate(pictures, args.language, args.n) if pictures else [])
        for row, picture in zip(some, seen, strict=True):
            written = next(lists) if isinstance(picture, Image.Image) else []
            problem = {"error": picture} if isinstance(picture, str) else {}
            told = {"id": row["id"], "queries": [asdict(query) for query in written]} | problem
            print(json.dumps(told, ensure_ascii=False), flush=True)


def _seen(row: dict[str, Any], side: int) -> Image.Image | str:
    try:
        return strip(Path(row["path"]), side)
    except FrameError as error:
        return str(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine.querygen", description=__doc__)
    verb = parser.add_subparsers(required=True).add_parser("generate", help="write queries for stickers")
    verb.add_argument("--bundle", type=Path, required=True, help="folder of the generator")
    verb.add_argument("--stickers", required=True, help='JSON lines {"id", "path"}; - for standard input')
    verb.add_argument("--language", required=True)
    verb.add_argument("--n", type=int, default=8, help="queries of a sticker, at most (%(default)s)")
    verb.add_argument("--batch", type=int, default=16, help="stickers at a time (%(default)s)")
    verb.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("--four-bit", action="store_true", help="hold the base in four bits")
    args = parser.parse_args(argv)
    try:
        generate(args)
    except (Refused, DataError, KeyError, OSError) as error:
        print(f"no {error} in a line" if isinstance(error, KeyError) else error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

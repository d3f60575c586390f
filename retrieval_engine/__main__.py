"""python -m retrieval_engine index | search | train | evaluate | stats | provide | conversations | views | roundtrip"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from .catalogue import learnable, read_stickers, searcher_of, split
from .data import Difference, roundtrip
from .dialogue.data import commands as dialogue_commands
from .dialogue.telling import providing
from .dialogue.telling.providers import Kind
from .dialogue.telling.providing import N_TURNS, OF_PICTURES
from .dialogue.telling.sources import FILE, provider
from .documents import RankedDocuments, SeenDocuments, indexed_documents, save_index
from .evaluate import MODES, as_json, evaluate, table
from .folders import LIKE, survey
from .json_lines import Id, TextLine, is_whole, read_texts
from .paper_tables import TABLES
from .paper_tables import as_text as dataset_text
from .serving import Bundle
from .stickerclip.recipe import RECIPE as STICKERCLIP
from .text import TOKENIZERS
from .text_agreement import Measure
from .training.recipes import Setting

ENOUGH = 141  # what a shell says of a program that was stopped by a closed pipe
SHOWN = 8  # lines of each reason
PATH_WHAT = "holds sticker_queries_en.csv, sticker_queries_zh.csv; or a file that `conversations` wrote"
LIKE_WHAT = "whose tables; stickerqueries is the StickerQueries paper's with any comma ending a query"
WEIGHTS = "a bundle, or a model of transformers: cosine of embeddings, with the latter BERTScore; may come again"


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 when all went well, 1 with a message on standard error when it did not, 2 for wrong usage; 141
    without one when whoever reads the results has had enough (`| head`)."""
    args = _parser().parse_args(argv)
    try:
        status = int(args.run(args))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _leave_stdout()
        return ENOUGH
    except (OSError, ValueError, RuntimeError) as error:  # every error of this package is one of them
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        _leave_stdout()
        return 1


def _leave_stdout() -> None:
    """Write what is still to be written; where that is impossible, do not let the interpreter try again as it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine", description="Search and learn over stickers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_index(commands)
    _add_search(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_stats(commands)
    _add_provide(commands)
    dialogue_commands.add_to(commands)
    check = commands.add_parser("roundtrip", help="would these StickerQueries CSVs come out byte for byte?")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.set_defaults(run=_roundtrip)
    return parser


def _add_index(commands: Any) -> None:
    index = commands.add_parser("index", help="read documents once, embed their pictures, and save both")
    index.add_argument("--documents", required=True, help='JSON lines {"id", "text", "sticker": optional picture file}')
    index.add_argument("--bundle", type=Path, help="embed the pictures with this model bundle")
    index.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    index.set_defaults(run=_index)


def _add_search(commands: Any) -> None:
    search = commands.add_parser("search", help="rank documents for queries, JSON lines in and out")
    source = search.add_mutually_exclusive_group(required=True)
    source.add_argument("--documents", help='JSON lines {"id", "text"}; "-" is standard input')
    source.add_argument("--index", type=Path, metavar="FOLDER", help="what `index` wrote")
    asked = search.add_mutually_exclusive_group(required=True)
    asked.add_argument("--queries", help='JSON lines {"id", "text"}; "-" is standard input')
    asked.add_argument("--query", action="append", metavar="TEXT", help="may be given several times")
    search.add_argument("--mode", choices=MODES, default="lexical")
    search.add_argument("--tokenizer", choices=list(TOKENIZERS), default="bilingual")
    search.add_argument("--bundle", type=Path, help="model bundle, for the modes dense and hybrid")
    search.add_argument("--top", type=_positive, default=10, metavar="K")
    search.set_defaults(run=_search)


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train a CLIP on stickers and queries and publish it as a bundle")
    _add_pack(train)
    train.add_argument("--model", required=True, help="NAME:PRETRAINED of open_clip, a folder, or hf-hub:...")
    train.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle to publish")
    train.add_argument("--run", type=Path, dest="folder", help="folder of progress and checkpoints, to go on from")
    train.add_argument("--seed", type=int, default=0)
    for option in STICKERCLIP.described():
        _add_option(train, option)
    train.set_defaults(run=_train)


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="recall of held-out queries: BM25, CLIP, fusion, chance")
    _add_pack(evaluate)
    evaluate.add_argument("--bundle", type=Path, help="model bundle; without one only BM25 is measured")
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--json", action="store_true", help="figures as JSON instead of a table")
    evaluate.set_defaults(run=_evaluate)


def _add_stats(commands: Any) -> None:
    stats = commands.add_parser("stats", help="the papers' tables for a folder of StickerQueries CSVs or a release")
    stats.add_argument("folder", type=Path, metavar="PATH", help=PATH_WHAT)
    stats.add_argument("--like", choices=(*LIKE, *TABLES), default=LIKE[0], help=LIKE_WHAT)
    stats.add_argument("--weights", type=Path, action="append", default=[], metavar="FOLDER", help=WEIGHTS)
    stats.add_argument("--layer", type=_positive, help="of BERTScore; by default the last")
    stats.add_argument("--json", action="store_true", help="figures as JSON instead of tables")
    stats.set_defaults(run=_stats)


def _add_pack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stickers", type=Path, required=True, metavar="FOLDER", help="folder of pictures")
    parser.add_argument("--queries", type=Path, nargs="+", required=True, metavar="CSV", help="StickerQueries CSVs")
    parser.add_argument("--hold-out", type=_share, default=0.2, metavar="SHARE", help="of each sticker's queries")


def _add_provide(commands: Any) -> None:
    provide = commands.add_parser("provide", help="ask a model beforehand what models of conversations will be told")
    provide.add_argument("--kind", required=True, choices=get_args(Kind))
    provide.add_argument("--release", type=Path, required=True, metavar="FOLDER", help="a frozen release")
    provide.add_argument("--model", required=True, metavar="NAME_OR_PATH", help="of transformers, on the hub or here")
    provide.add_argument(
        "--out", type=Path, required=True, metavar="FILE.jsonl", help="is added to, so it may be stopped"
    )
    provide.add_argument("--turns", type=_positive, default=N_TURNS, help="knowledge: before a sticker (%(default)s)")
    provide.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    provide.add_argument(
        "--timeout", type=_positive, default=600, metavar="S", help="seconds for 32 values (%(default)s)"
    )
    provide.set_defaults(run=_provide)


def _add_option(parser: argparse.ArgumentParser, option: Setting) -> None:
    name, about = f"--{option.name.replace('_', '-')}", option.help.replace("%", "%%")
    if option.kind is bool:
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=option.default, help=about)
    else:
        about = f"{about} (%(default)s)"
        parser.add_argument(name, default=option.default, metavar=option.kind.__name__.upper(), help=about)


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _share(text: str) -> float:
    if not 0 <= (value := float(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and below 1")
    return value


def _index(args: argparse.Namespace) -> int:
    n = save_index(args.documents, args.out, Bundle.open(args.bundle) if args.bundle else None)
    _warn_if_none(n, args.documents)
    print(f"{n} documents in {args.out}")
    return 0


def _search(args: argparse.Namespace) -> int:
    if args.mode != "lexical" and not (args.index and args.bundle):
        raise ValueError(f"--mode {args.mode} needs --index and the --bundle it was made with")
    if args.documents == args.queries == "-":
        raise ValueError("documents and queries cannot both be read from standard input")
    find, n = _finder(args), 0
    for query in _asked(args):
        n += 1
        for rank, (id, score) in enumerate(find(query.text, args.top), 1):
            print(json.dumps({"query_id": query.id, "rank": rank, "id": id, "score": score}, ensure_ascii=False))
        sys.stdout.flush()  # somebody may wait for the answer before asking on
    _warn_if_none(n, args.queries)
    return 0


def _finder(args: argparse.Namespace) -> Callable[[str, int], list[tuple[Id, float]]]:
    tokenizer = TOKENIZERS[args.tokenizer]
    if args.mode != "lexical":
        seen = SeenDocuments(args.index, Bundle.open(args.bundle), tokenizer)
        _warn_if_none(len(seen), args.index)
        return partial(seen.search, mode=args.mode)
    ranked = RankedDocuments(read_texts(indexed_documents(args.index) if args.index else args.documents), tokenizer)
    _warn_if_none(len(ranked), args.index or args.documents)
    return ranked.search


def _asked(args: argparse.Namespace) -> Iterator[TextLine]:
    if args.queries:
        yield from read_texts(args.queries)
        return
    for number, query in enumerate(args.query, 1):
        if not is_whole(query):
            raise ValueError(f"--query number {number} is not UTF-8")
        yield TextLine(number, query)


def _warn_if_none(n: int, source: Path | str | None) -> None:
    if not n:
        print(f"{source}: nothing in it", file=sys.stderr)


def _train(args: argparse.Namespace) -> int:
    from .encoder import load  # torch is imported only by the commands that need it
    from .export import export
    from .stickerclip.fitting import train

    settings = STICKERCLIP.checked({part.name: getattr(args, part.name) for part in STICKERCLIP.described()})
    stickers, held_out = split(read_stickers(args.stickers, args.queries), args.hold_out, seed=args.seed)
    clip = load(args.model)
    clip.provenance |= {"settings": asdict(settings), "hold_out": args.hold_out, "n_stickers": len(stickers)}
    with TemporaryDirectory() if args.folder is None else nullcontext(args.folder) as folder:
        train(clip, [learnable(sticker) for sticker in stickers], settings, Path(folder), seed=args.seed)
    bundle = export(clip, args.out)
    print(f"{bundle.name} {bundle.version} in {args.out}")
    if held_out:
        print(table(evaluate(searcher_of(stickers, bundle), held_out), len(stickers)))
    return 0


def _evaluate(args: argparse.Namespace) -> int:
    stickers, held_out = split(read_stickers(args.stickers, args.queries), args.hold_out, seed=args.seed)
    bundle = Bundle.open(args.bundle) if args.bundle else None
    figures = evaluate(searcher_of(stickers, bundle), held_out)
    print(json.dumps(as_json(figures, len(stickers)), indent=2) if args.json else table(figures, len(stickers)))
    return 0


def _stats(args: argparse.Namespace) -> int:
    return _dataset_stats(args) if args.like in TABLES else _query_stats(args)


def _dataset_stats(args: argparse.Namespace) -> int:
    if args.weights:
        raise ValueError(f"--like {args.like} compares no texts, so --weights is of no use")
    table = TABLES[args.like](args.folder)
    print(json.dumps(asdict(table), ensure_ascii=False, indent=2) if args.json else dataset_text(table))
    return 0


def _query_stats(args: argparse.Namespace) -> int:
    from .papers import as_text

    found = survey(args.folder, args.like, _measures(args))
    if args.json:
        print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return 0
    notes = () if args.weights else ("Embeddings and BERTScore need weights (--weights FOLDER); none were given.",)
    print(as_text(found.players, found.figures, found.overlap, found.agreement, notes))
    return 0


def _measures(args: argparse.Namespace) -> list[Measure]:
    from .transformer import measures_with  # torch again

    return [measure for folder in args.weights for measure in measures_with(folder, args.layer)]


def _provide(args: argparse.Namespace) -> int:
    if args.out.suffix != FILE:
        raise ValueError(f"--out must end in {FILE}")
    conversations = providing.read(args.release)
    pictures = providing.pictures(args.release, conversations) if args.kind in OF_PICTURES else {}
    provided = provider(
        args.kind, args.model, pictures=pictures, cache=args.out, device=args.device, timeout_s=args.timeout
    )
    wanted = providing.wanted(args.kind, conversations, n_turns=args.turns, digests=list(pictures))
    counts = providing.fill(provided, wanted, lambda n, of: print(f"{n} of {of}", file=sys.stderr, flush=True))
    for what, n in counts.most_common():
        print(f"{n} {what}")
    return 0 if not wanted or counts["made"] + counts["kept"] else 1


def _by_reason(differences: list[Difference]) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    for difference in differences:
        found.setdefault(difference.reason, []).append(difference)
    return found


def _roundtrip(args: argparse.Namespace) -> int:
    changed = 0
    for file in args.files:
        differences = roundtrip(file)
        changed += bool(differences)
        print(f"{file}: {f'{len(differences)} lines differ' if differences else 'the same bytes'}")
        for reason, lines in _by_reason(differences).items():
            print(f"  {reason}: {len(lines)}")
            for line in lines[:SHOWN]:
                print(f"    line {line.line}\n    - {line.read}\n    + {line.written}")
            if len(lines) > SHOWN:
                print(f"    and {len(lines) - SHOWN} more")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())

"""A process that knows torch, beside one that does not: it shows stickers to a model, and answers with one.

python -m retrieval_engine.dialogue show BUNDLE [STICKERS]    a `ShownLine` for each `StickerLine` of the file or input
python -m retrieval_engine.dialogue answer BUNDLE STICKERS    a `ReadyLine`, then an `AnswerLine` for each
                                                              `QuestionLine` of the standard input, until that ends

Lines are those of `dialogue.inference.lines`. What is wrong with a line is said in the line that answers it.
Ends with 2 and a sentence when the model, or the stickers, cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from ..bundle import BundleError
from ..training.run import Refused
from .inference.lines import AnswerLine, QuestionLine, ReadyLine, StickerLine, read, written
from .inference.replying import MOST_REPLIES, Answer, BadConversation, Replier

MOST_STICKERS: Final = 5_000
"""That a model holds which looks at each place of their pictures again for every answer."""
STDOUT, STDERR = 1, 2
LONGEST: Final = 300
"""Characters of a reason."""


class _Named(msgspec.Struct):
    id: int | str


def show(args: argparse.Namespace, out: IO[str]) -> None:
    """Show the stickers of a file."""
    import numpy as np

    from ..stickerclip.pictures import Frames
    from ..training.devices import choose
    from .data.conversations import Conversations
    from .data.gallery import Gallery
    from .inference.exporting import TwoSided
    from .inference.showing import show_lines
    from .runs.loading import opened

    bundle = opened(args.bundle)
    nothing = np.zeros(0, dtype=np.int64)
    empty = Frames(np.zeros((0, bundle.size, bundle.size, 3), dtype=np.uint8), nothing, nothing, {})
    model = bundle.model(Gallery(Conversations((), ()), empty), device=choose(args.device))
    if not isinstance(model, TwoSided):
        raise Refused(f"A model of {bundle.manifest.recipe} looks at stickers when it answers: nothing can be kept.")
    with _opened(args.stickers) as file:
        for line in show_lines(model, _stickers(file)):
            out.write(written(line))
            out.flush()


def answer(args: argparse.Namespace, out: IO[str]) -> None:
    """Answer questions until there are no more."""
    with tempfile.TemporaryDirectory() as folder:
        replier, ready = _replier(args, Path(folder))
        out.write(written(ready))
        out.flush()
        answer_lines(replier, sys.stdin.buffer, out)


def answer_lines(replier: Replier, lines: Iterable[bytes], out: IO[str]) -> None:
    """A line for each of `lines` that is not blank, at once."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            out.write(written(_answered(replier, number, line)))
            out.flush()


def _answered(replier: Replier, number: int, line: bytes) -> AnswerLine:
    try:
        asked = read(line, QuestionLine)
        found: Sequence[Answer] = replier.answer([asked.use], min(asked.k, MOST_REPLIES), allow=asked.allow)
        return AnswerLine(asked.id, found[0])
    except BadConversation as error:
        return AnswerLine(_id(line), error=f"line {number}: {error}")
    except Exception as error:  # whatever a model meets: the next question may do better
        return AnswerLine(_id(line), error=f"line {number}: {type(error).__name__}: {error}"[:LONGEST])


def _id(line: bytes) -> int | str | None:
    try:
        return msgspec.json.decode(line, type=_Named).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _replier(args: argparse.Namespace, folder: Path) -> tuple[Replier, ReadyLine]:
    from ..training.devices import choose
    from .data.conversations import Conversations
    from .data.gallery import Gallery
    from .inference.torch_replier import TorchReplier
    from .models.pbr import Pbr
    from .models.srs import Srs
    from .runs.loading import opened

    bundle = opened(args.bundle)
    with Path(args.stickers).open("rb") as file:
        lines = {line.sticker.id: line for line in _stickers(file)}
    files = [Path(line.path) for line in lines.values()]
    stickers = Conversations([line.sticker for line in lines.values()], ())
    gallery = Gallery.decoded(stickers, files, bundle.size, folder)
    model = bundle.model(gallery, device=choose(args.device))
    if isinstance(model, Pbr | Srs) and len(gallery) > MOST_STICKERS:
        raise Refused(f"A model of {bundle.manifest.recipe} holds at most {MOST_STICKERS:,} stickers.")
    ids = [lines[sticker.id].id for sticker in gallery.stickers]
    reasons = gallery.frames.problems
    lost = [line for name, line in lines.items() if name not in gallery.conversations.place]
    problems = {line.id: reasons.get(Path(line.path).name, "cannot be read") for line in lost}
    manifest = bundle.manifest
    replier = TorchReplier(model, ids, name=manifest.name, languages=manifest.languages)
    return replier, ReadyLine(manifest.name, len(ids), problems)


def _stickers(lines: Iterable[bytes]) -> Iterator[StickerLine]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield read(line, StickerLine)
            except BadConversation as error:
                raise Refused(f"stickers, line {number}: {error}") from error


def _opened(path: str) -> IO[bytes]:
    return sys.stdin.buffer if path == "-" else Path(path).open("rb")


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m retrieval_engine.dialogue", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    for name, run, summary in (
        ("show", show, "compute what a model keeps of stickers"),
        ("answer", answer, "answer questions, line by line"),
    ):
        verb = verbs.add_parser(name, help=summary)
        verb.set_defaults(run=run)
        verb.add_argument("bundle", type=Path, help="folder of the model")
        kept = "?" if name == "show" else None
        verb.add_argument("stickers", nargs=kept, default="-", help="stickers as JSON lines; - for standard input")
        verb.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    args = parser.parse_args(argv)
    try:
        with _lines_alone() as out:
            args.run(args, out)
    except BrokenPipeError:  # nobody reads any more
        return 0
    except (Refused, BundleError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


@contextmanager
def _lines_alone() -> Iterator[IO[str]]:
    """The standard output for lines; what libraries print meanwhile goes with the errors."""
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    try:
        with os.fdopen(os.dup(kept), "w", encoding="utf-8") as out:
            yield out
    finally:
        sys.stdout.flush()
        os.dup2(kept, STDOUT)
        os.close(kept)


if __name__ == "__main__":
    sys.exit(main())

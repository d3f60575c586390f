"""Drafts for people to look at: python -m retrieval_engine.dialogue.telling.drafting --kind attributes --language en

Reads {"id", "path"} lines (of summaries {"id", "text"}) from standard input and prints for each {"id", "value",
"provider"}, or {"id", "error"} where the model gave nothing of use. Ends with 2 and a sentence when the model cannot be
used at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, get_args

from ...data import DataError
from ...json_lines import read_jsonl
from ...training.run import Refused
from .answers import attributes_of, in_language
from .providers import Kind, Provided, Value
from .providing import OF_PICTURES
from .sources import provider

AT_ONCE: Final = 8
"""Inputs between two lots of lines; a command that is stopped loses no more."""


def drafts(kind: Kind, language: str, provided: Provided, inputs: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A line for each input, of which `inputs` gives by id what is asked."""
    values = provided(list(inputs.values()), language)
    for id, value in zip(inputs, values, strict=True):
        if problem := _problem(kind, language, value):
            yield {"id": id, "error": problem}
        else:
            told: Any = attributes_of(value.text) if kind == "attributes" else {"text": value.text}
            yield {"id": id, "value": told, "provider": value.provider}


def _problem(kind: Kind, language: str, value: Value) -> str:
    if value.problem:
        return value.problem
    words = " ".join(word for held in attributes_of(value.text).values() for word in held)
    return "" if in_language(words if kind == "attributes" else value.text, language) else f"not in {language}"


def write(kind: Kind, language: str, model: str, device: str) -> None:
    """Answer all lines of standard input."""
    pictures, lines = dict[str, Path](), (row for _, row in read_jsonl("-"))
    provided = provider(kind, model, pictures=pictures, device=device, timeout_s=600)
    while some := list(islice(lines, AT_ONCE)):
        inputs = dict[str, str]()
        for row in some:
            if kind in OF_PICTURES:
                path = Path(row["path"])
                pictures[digest := hashlib.sha256(path.read_bytes()).hexdigest()] = path
                inputs[row["id"]] = digest
            else:
                inputs[row["id"]] = row["text"]
        for line in drafts(kind, language, provided, inputs):
            print(json.dumps(line, ensure_ascii=False), flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine.dialogue.telling.drafting", description=__doc__)
    parser.add_argument("--kind", required=True, choices=get_args(Kind))
    parser.add_argument("--language", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args(argv)
    try:
        write(args.kind, args.language, args.model, args.device)
    except (Refused, DataError, KeyError, OSError) as error:
        print(f"no {error} in a line" if isinstance(error, KeyError) else error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs every benchmark after the other: `make bench`, or some of them: `python -m benchmarks keystroke start`.

What begins with a dash goes to them: `python -m benchmarks freeze --queries 100000`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    given = sys.argv[1:]
    first = next((place for place, word in enumerate(given) if word.startswith("-")), len(given))
    names, options = given[:first], given[first:]
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    if ({"-h", "--help"} & set(options) and not names) or set(names) - set(known):
        print(f"{__doc__}\n\nBenchmarks: {', '.join(known)}")
        return bool(names)
    names = names or known
    failed = []
    for name in names:
        print(f"\n=== {name}", flush=True)
        if subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *options], cwd=HERE.parent, check=False
        ).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())

"""From a keystroke to its results for one player on a real socket, and inside the server's search alone.

`python -m benchmarks.keystroke [--keys 600]`. Every text is new: what was typed before would come from a cache.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from typing import Any

import websockets

from benchmarks._game import Game, game, make_players, quantiles
from benchmarks._typists import EN, ZH


async def hear(connection: websockets.ClientConnection, kind: str) -> dict[str, Any]:
    while (message := json.loads(await connection.recv()))["type"] != kind:
        pass
    return dict(message)


async def to_label(connection: websockets.ClientConnection) -> str:
    """Deal until there is a sticker to write for; the lease."""
    state = await hear(connection, "snapshot")
    for number in range(9):
        turn = state["state"]["turn"]
        if turn["kind"] == "label":
            return str(turn["lease"])
        move = {"type": "deal", "key": f"bench-deal-{number}"}
        if turn["kind"] == "find":
            move = {"type": "answer", "key": f"bench-answer-{number}", "lease": turn["lease"], "picks": ["a"]}
        await connection.send(json.dumps(move))
        await hear(connection, "done")
        state = await hear(connection, "snapshot")
    raise SystemExit("No page to write on was dealt.")


def typed(phrases: list[str], language: str) -> list[str]:
    """Two phrases in a row as they appear on the screen, key by key."""
    text = ("" if language == "zh" else " ").join(random.sample(phrases, 2))
    return [text[:end] for end in range(1, len(text) + 1)]


async def measure(running: Game, cookie: str, language: str, n_keys: int) -> tuple[list[float], list[float]]:
    whole, inside = list[float](), list[float]()
    async with websockets.connect(running.socket_url, additional_headers={"Cookie": cookie}) as connection:
        lease = await to_label(connection)
        while len(whole) < n_keys:
            for text in typed(ZH if language == "zh" else EN, language):
                began = time.perf_counter()
                await connection.send(
                    json.dumps({"type": "preview", "lease": lease, "number": len(whole), "text": text})
                )
                results = await hear(connection, "results")
                whole.append(time.perf_counter() - began)
                inside.append(results["ms"] / 1_000)
                await asyncio.sleep(max(0.0, 0.1 - (time.perf_counter() - began)))
    return whole, inside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=300, help="per language")
    options = parser.parse_args()
    with game() as running:
        for (_, cookie), language in zip(make_players(2), ("en", "zh"), strict=True):
            whole, inside = asyncio.run(measure(running, cookie, language, options.keys))
            print(f"{language}: keystroke to results {quantiles(whole[20:])}; search alone {quantiles(inside[20:])}")
        print(f"web process {running.memory_mb:.0f} MB")


if __name__ == "__main__":
    main()

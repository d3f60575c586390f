"""Simulated players on real sockets: `python -m benchmarks.players [--players 100] [--seconds 120]`.

They type at a human rhythm with previews after a pause of 150 ms, load the candidates' pictures, think, answer, lose
their connection now and then, and send a move again when they do. At the end the database is read: every acknowledged
query and answer is there once, and every player's points are the sum of the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import websockets

from benchmarks._game import Game, game, make_players, quantiles

DEBOUNCE_S = 0.15
DROP_SHARE = 0.03  # of moves after which the connection is lost before the answer is read
ENGLISH = """
monday again send help; so done with today; tiny victory dance; left on read; pretend you saw nothing; this is
fine; my last brain cell; food coma; five more minutes; who asked; proud of you; please love me; dead inside;
too tired to care; group chat drama; payday mood; caught in the act; awkward silence; sending a hug; good
night world; not today; yes boss
"""
CHINESE = """
不想上班; 又是周一; 已读不回; 假装没看见; 小小的胜利; 救命啊; 社恐发作; 吃饱就困; 再睡五分钟;
谁问你了; 为你骄傲; 求求了; 心已死; 累到不想说话; 群里吃瓜; 发工资啦; 被抓包了; 尴尬沉默; 抱抱你;
晚安世界; 今天不行; 收到老板
"""
EN, ZH = ([" ".join(text.split()) for text in texts.split(";")] for texts in (ENGLISH, CHINESE))


@dataclass
class Tally:
    previews: list[float] = field(default_factory=list)
    moves: dict[str, list[float]] = field(default_factory=dict)
    pictures: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    added: dict[str, str] = field(default_factory=dict)  # key of an acknowledged query -> its text
    answered: set[str] = field(default_factory=set)  # keys of acknowledged answers
    n_drops: int = 0
    n_superseded: int = 0


class SimulatedPlayer:
    def __init__(self, url: str, cookie: str, language: str, tally: Tally, *, pictures: bool, port: int) -> None:
        self.url, self.cookie, self.tally, self.port, self.pictures = url, cookie, tally, port, pictures
        self.phrases = ZH if language == "zh" else EN
        self.asked: dict[int, float] = {}
        self.number = 0
        self.keys = (f"{cookie[-8:]}-{n}" for n in count())
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.turn: dict[str, Any] = {}
        self.changed = asyncio.Event()

    async def play_until(self, end: float) -> None:
        await asyncio.sleep(random.random() * 3)
        async with asyncio.timeout_at(end):
            while True:
                await self.connect()
                try:
                    while True:
                        await getattr(self, self.turn["kind"], self.deal)()
                except websockets.ConnectionClosed:
                    continue

    async def connect(self) -> None:
        self.socket = await websockets.connect(self.url, additional_headers={"Cookie": self.cookie}, max_queue=None)
        self.changed.clear()
        self.reader = asyncio.create_task(self.read(self.socket))
        await asyncio.wait_for(self.changed.wait(), 30)

    async def read(self, connection: websockets.ClientConnection) -> None:
        async for frame in connection:
            message = json.loads(frame)
            if message["type"] == "snapshot":
                self.turn = message["state"]["turn"]
                self.changed.set()
            elif message["type"] == "results":
                self.tally.previews.append(time.perf_counter() - self.asked.pop(message["number"]))
            elif waiting := self.answers.pop(message["key"], None):
                waiting.set_result(message)

    # --- moves ---

    async def move(self, kind: str, **message: Any) -> dict[str, Any]:
        """Send until answered; now and then the line breaks in between and the same key goes out again."""
        frame = {"type": kind, "key": next(self.keys), **message}
        began = time.perf_counter()
        answer = await self.send(frame, breaks=random.random() < DROP_SHARE)
        if answer is None:
            self.tally.n_drops += 1
            await self.connect()
            answer = await self.send(frame, breaks=False)
            assert answer is not None
        else:
            self.tally.moves.setdefault(kind, []).append(time.perf_counter() - began)
        if answer["type"] == "refused":
            self.tally.refused[f"{kind}: {answer['code']}"] += 1
        return {**answer, "key": frame["key"]}

    async def send(self, frame: dict[str, Any], *, breaks: bool) -> dict[str, Any] | None:
        waiting = self.answers[frame["key"]] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps(frame))
        if breaks:
            del self.answers[frame["key"]]
            await self.socket.close()
            await self.reader
            return None
        self.changed.clear()
        answer = await asyncio.wait_for(waiting, 30)
        if answer["type"] == "done":
            await asyncio.wait_for(self.changed.wait(), 30)
        return answer

    async def deal(self) -> None:
        await asyncio.sleep(random.uniform(1, 3))
        await self.move("deal")

    # --- pages ---

    async def label(self) -> None:
        lease = self.turn["lease"]
        for _ in range(random.choice((1, 2, 2, 3))):
            await asyncio.sleep(random.uniform(4, 12))  # to look at the sticker, to think of a moment
            text = self.phrase()
            await self.type(lease, text)
            answer = await self.move("add_query", lease=lease, text=text)
            if answer["type"] == "done":
                self.tally.added[answer["key"]] = text
        await asyncio.sleep(random.uniform(0.5, 2))
        await self.move("submit" if self.turn.get("queries") else "skip", lease=lease, **self._why())

    def phrase(self) -> str:
        """Mostly a phrase of the list, now and then two, so that players do not all type the same."""
        parts = random.sample(self.phrases, random.choice((1, 1, 2)))
        return (" " if self.phrases is EN else "").join(parts)[:56]

    def _why(self) -> dict[str, str]:
        return {} if self.turn.get("queries") else {"reason": "no_words"}

    async def type(self, lease: str, text: str) -> None:
        """A key every 60 to 420 ms; a pause of 150 ms asks for results."""
        for end in range(1, len(text) + 1):
            pause = random.triangular(0.06, 0.42, 0.14)
            if pause < DEBOUNCE_S and end < len(text):
                await asyncio.sleep(pause)
                continue
            await asyncio.sleep(DEBOUNCE_S)
            self.number += 1
            self.tally.n_superseded += len(self.asked)
            self.asked = {self.number: time.perf_counter()} | self.asked
            await self.socket.send(
                json.dumps({"type": "preview", "lease": lease, "number": self.number, "text": text[:end]})
            )
            await asyncio.sleep(max(0.0, pause - DEBOUNCE_S))

    async def find(self) -> None:
        turn = self.turn
        if self.pictures:
            await self.load([each["image"] for each in turn["candidates"]])
        await asyncio.sleep(random.uniform(6, 20))  # to read the words and look at 24 pictures
        letters = [chr(97 + n) for n in range(len(turn["candidates"]))]
        picks = random.sample(letters, random.choice((0, 1, 2, 3)))
        answer = await self.move("answer", lease=turn["lease"], picks=picks)
        if answer["type"] == "done":
            self.tally.answered.add(answer["key"])

    async def load(self, addresses: list[str]) -> None:
        """Fetch a page's candidates over a few connections, as a browser does."""
        queue = list(addresses)
        await asyncio.gather(*(self._load_some(queue) for _ in range(4)))

    async def _load_some(self, queue: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while queue:
            began = time.perf_counter()
            request = f"GET {queue.pop()} HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            self.tally.pictures.append(time.perf_counter() - began)
        writer.close()


def check(tally: Tally) -> list[str]:
    """What is wrong in the database, compared with what the players were told."""
    from django.db.models import Count, Sum

    from sticktionary.models import LedgerEntry, Player, Query, Retrieval, Revision

    wrong = []
    moves = Revision.objects.filter(move="add").values_list("key", "detail")
    kept = {key: detail["query"] for key, detail in moves}
    texts = dict(Query.objects.values_list("pk", "text"))
    wrong += [f"lost query {text!r}" for key, text in tally.added.items() if texts.get(kept.get(key)) != text]
    answers = Counter(Revision.objects.filter(move="answer").values_list("key", flat=True))
    wrong += [f"answer {key} is there {answers[key]} times" for key in tally.answered if answers[key] != 1]
    n_answered = Retrieval.objects.filter(state=Retrieval.State.ANSWERED).count()
    if n_answered != sum(answers.values()):
        wrong.append(f"{n_answered} retrievals are answered by {sum(answers.values())} moves")
    counted = Retrieval.objects.filter(state=Retrieval.State.ANSWERED, target_absent=False)
    many = counted.values("round").annotate(n=Count("pk")).filter(n__gt=3).count()
    wrong += [f"{many} rounds have more than three answers"] if many else []
    sums = dict(LedgerEntry.objects.values_list("player").annotate(Sum("n_points")))
    balances = Player.objects.values_list("pk", "points")
    wrong += [
        f"player {pk} has {points}, the ledger says {sums.get(pk, 0)}"
        for pk, points in balances
        if points != sums.get(pk, 0)
    ]
    return wrong


async def run(running: Game, players: list[tuple[int, str]], seconds: float, *, pictures: bool) -> Tally:
    tally = Tally()
    end = asyncio.get_running_loop().time() + seconds
    simulated = [
        SimulatedPlayer(
            running.socket_url, cookie, "zh" if n % 2 else "en", tally, pictures=pictures, port=running.port
        )
        for n, (_, cookie) in enumerate(players)
    ]
    outcomes = await asyncio.gather(*(each.play_until(end) for each in simulated), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None and not isinstance(outcome, TimeoutError):
            raise outcome
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--players", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--no-pictures", action="store_true", help="do not load the candidates' pictures")
    options = parser.parse_args()
    with game() as running:
        players = make_players(options.players)
        tally = asyncio.run(run(running, players, options.seconds, pictures=not options.no_pictures))
        memory = running.memory_mb
    print(f"{options.players} players, {options.seconds:.0f} s; web process {memory:.0f} MB")
    rate = (len(tally.previews) + tally.n_superseded) / options.players / options.seconds
    print(f"previews        {quantiles(tally.previews)}; {tally.n_superseded} superseded; {rate:.2f}/s a player")
    for kind, times in sorted(tally.moves.items()):
        print(f"{kind:15} {quantiles(times)}")
    print(f"pictures        {quantiles(tally.pictures)}")
    print(f"{tally.n_drops} dropped connections, refused: {dict(tally.refused)}")
    wrong = check(tally)
    print(f"{len(tally.added)} queries and {len(tally.answered)} answers acknowledged, {len(wrong)} faults")
    print("\n".join(wrong[:20]))
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())

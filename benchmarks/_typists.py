"""Simulated players, many to a process that loads nothing of the app; `benchmarks.players` starts it.

They type at a human rhythm with previews after a pause of 150 ms, load the candidates' pictures, think, answer, lose
their connection now and then, and send a move again when they do. A Job comes in as JSON, a Tally goes out.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from typing import Any, NoReturn, TypeVar

import msgspec
import uvloop
import websockets
from msgspec import Struct, field

DEBOUNCE_S = 0.15
DROP_SHARE = 0.03  # of moves after which the connection is lost before the answer is read
PATIENCE_S = 60  # with a busy server
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
T = TypeVar("T")
EN, ZH = ([" ".join(text.split()) for text in texts.split(";")] for texts in (ENGLISH, CHINESE))


class Job(Struct):
    """What one process is to play; times are those of `time.perf_counter`, which all processes of a machine share."""

    url: str
    port: int
    cookies: list[tuple[str, str]]  # a session's, with the language
    names: str  # what the keys of its moves begin with
    joined_by: float
    measured_from: float
    ends: float
    pictures: bool


class Tally(Struct):
    """Times in seconds, of what was asked for while it was measured; what was acknowledged, of the whole time."""

    previews: list[float] = field(default_factory=list)
    moves: dict[str, list[float]] = field(default_factory=dict)
    pictures: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)  # key of an acknowledged query -> its text
    answered: list[str] = field(default_factory=list)  # keys of acknowledged answers
    n_drops: int = 0
    n_failed: int = 0  # connections that could not be opened, or were silent for too long
    n_superseded: int = 0
    n_busy: int = 0
    n_bytes: int = 0  # of frames to the players

    def add(self, other: Tally) -> None:
        for name in self.__struct_fields__:
            ours, theirs = getattr(self, name), getattr(other, name)
            if name == "moves":
                self.moves = {kind: ours.get(kind, []) + theirs.get(kind, []) for kind in ours | theirs}
            elif name == "refused":
                self.refused = dict(Counter(ours) + Counter(theirs))
            else:
                setattr(self, name, ours | theirs if isinstance(ours, dict) else ours + theirs)


class Candidate(Struct):
    image: str


class Turn(Struct):
    """The part of a page that a simulated player looks at."""

    kind: str
    lease: str = ""
    queries: list[msgspec.Raw] = []
    candidates: list[Candidate] = []


class State(Struct):
    turn: Turn


class Frame(Struct):
    """Any frame of the server's."""

    type: str
    state: State | None = None
    number: int = 0
    key: str | None = None
    code: str = ""


_decode = msgspec.json.Decoder(Frame).decode
_encode = msgspec.json.Encoder().encode


class SimulatedPlayer:
    def __init__(self, job: Job, number: int, tally: Tally) -> None:
        self.job, self.tally = job, tally
        self.cookie, language = job.cookies[number]
        self.phrases = ZH if language == "zh" else EN
        self.asked: dict[int, float] = {}
        self.number = 0
        self.keys = (f"{job.names}-{number}-{n:04}" for n in count())
        self.answers: dict[str, asyncio.Future[Frame]] = {}
        self.turn = Turn("none")
        self.changed = asyncio.Event()

    async def play(self) -> None:
        begins, now = random.uniform(time.perf_counter(), self.job.joined_by), time.perf_counter()
        await asyncio.sleep(begins - now)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.job.ends - begins):
                await self._play_on()

    async def _play_on(self) -> NoReturn:
        pages = {"label": self.label, "find": self.find}
        while True:
            try:
                await self.connect()
                while True:
                    await pages.get(self.turn.kind, self.deal)()
            except websockets.ConnectionClosed:
                pass
            except (OSError, websockets.InvalidHandshake, TimeoutError):
                self.tally.n_failed += 1
                await asyncio.sleep(random.uniform(1, 3))

    async def connect(self) -> None:
        self.asked.clear()
        self.changed.clear()
        self.socket = await websockets.connect(
            self.job.url,
            additional_headers={"Cookie": self.cookie},
            max_queue=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
        )
        self.reader = asyncio.create_task(self.read(self.socket))
        await self.wait_for(self.changed.wait())

    async def wait_for(self, something: Awaitable[T]) -> T:
        async with asyncio.timeout(PATIENCE_S):  # asyncio.wait_for of Python 3.11 may swallow that the time is over
            return await something

    async def read(self, connection: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for data in connection:
                self.hear(data)

    def hear(self, data: str | bytes) -> None:
        frame = _decode(data)
        self.tally.n_bytes += len(data)
        if frame.state is not None:
            self.turn = frame.state.turn
            self.changed.set()
        elif frame.type in {"results", "busy"}:
            self.seen(frame)
        elif (waiting := self.answers.pop(frame.key or "", None)) and not waiting.done():
            waiting.set_result(frame)

    def seen(self, frame: Frame) -> None:
        """An older number is not waited for any more once a newer one was answered."""
        asked_at = self.asked.pop(frame.number, None)
        superseded = [number for number in self.asked if number < frame.number]
        for number in superseded:
            del self.asked[number]
        self.tally.n_superseded += len(superseded)
        if asked_at is None or asked_at < self.job.measured_from:
            return
        if frame.type == "busy":
            self.tally.n_busy += 1
        else:
            self.tally.previews.append(time.perf_counter() - asked_at)

    # --- moves ---

    async def move(self, kind: str, **message: Any) -> Frame:
        """Send until answered; now and then the line breaks in between and the same key goes out again."""
        frame = {"type": kind, "key": next(self.keys), **message}
        began = time.perf_counter()
        answer = await self.send(frame, breaks=random.random() < DROP_SHARE)
        if answer is None:
            self.tally.n_drops += 1
            await self.connect()
            answer = await self.send(frame, breaks=False)
            assert answer is not None
        elif began >= self.job.measured_from:
            self.tally.moves.setdefault(kind, []).append(time.perf_counter() - began)
        if answer.type == "refused":
            why = f"{kind}: {answer.code}"
            self.tally.refused[why] = self.tally.refused.get(why, 0) + 1
        return answer

    async def send(self, frame: dict[str, Any], *, breaks: bool) -> Frame | None:
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.answers[frame["key"]] = waiting
        await self.socket.send(_encode(frame), text=True)
        if breaks:
            del self.answers[frame["key"]]
            await self.socket.close()
            await self.reader
            return None
        self.changed.clear()
        answer = await self.wait_for(waiting)
        if answer.type == "done":
            await self.wait_for(self.changed.wait())
        return answer

    async def deal(self) -> None:
        await asyncio.sleep(random.uniform(1, 3))
        await self.move("deal")

    # --- pages ---

    async def label(self) -> None:
        lease = self.turn.lease
        for _ in range(random.choice((1, 2, 2, 3))):
            await asyncio.sleep(random.uniform(4, 12))  # to look at the sticker, to think of a moment
            text = self.phrase()
            await self.type(lease, text)
            answer = await self.move("add_query", lease=lease, text=text)
            if answer.type == "done" and answer.key:
                self.tally.added[answer.key] = text
        await asyncio.sleep(random.uniform(0.5, 2))
        if self.turn.queries:
            await self.move("submit", lease=lease)
        else:
            await self.move("skip", lease=lease, reason="no_words")

    def phrase(self) -> str:
        """Mostly a phrase of the list, now and then two, so that players do not all type the same."""
        parts = random.sample(self.phrases, random.choice((1, 1, 2)))
        return (" " if self.phrases is EN else "").join(parts)[:56]

    async def type(self, lease: str, text: str) -> None:
        """A key every 60 to 420 ms; a pause of 150 ms asks for results."""
        for end in range(1, len(text) + 1):
            pause = random.triangular(0.06, 0.42, 0.14)
            if pause < DEBOUNCE_S and end < len(text):
                await asyncio.sleep(pause)
                continue
            await asyncio.sleep(DEBOUNCE_S)
            self.number += 1
            self.asked[self.number] = time.perf_counter()
            frame = {"type": "preview", "lease": lease, "number": self.number, "text": text[:end]}
            await self.socket.send(_encode(frame), text=True)
            await asyncio.sleep(max(0.0, pause - DEBOUNCE_S))

    async def find(self) -> None:
        turn = self.turn
        if self.job.pictures:
            await self.load([each.image for each in turn.candidates])
        await asyncio.sleep(random.uniform(6, 20))  # to read the words and look at 24 pictures
        letters = [chr(97 + n) for n in range(len(turn.candidates))]
        picks = random.sample(letters, random.choice((0, 1, 2, 3)))
        answer = await self.move("answer", lease=turn.lease, picks=picks)
        if answer.type == "done" and answer.key:
            self.tally.answered.append(answer.key)

    async def load(self, addresses: list[str]) -> None:
        """Fetch a page's candidates over a few connections, as a browser does."""
        queue = list(addresses)
        await asyncio.gather(*(self._load_some(queue) for _ in range(4)))

    async def _load_some(self, queue: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.job.port)
        while queue:
            began = time.perf_counter()
            request = f"GET {queue.pop()} HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            if began >= self.job.measured_from:
                self.tally.pictures.append(time.perf_counter() - began)
        writer.close()


async def play(job: Job) -> Tally:
    """All of the job's players to its end. What nobody had answered by then counts with the time it had waited."""
    tally = Tally()
    players = [SimulatedPlayer(job, number, tally) for number in range(len(job.cookies))]
    await asyncio.gather(*(player.play() for player in players))
    now = time.perf_counter()
    for player in players:
        waiting = list(player.asked.items())[-1:]
        tally.previews += [now - at for _, at in waiting if at >= job.measured_from and now - at > 0.1]
    return tally


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(play(job))))


if __name__ == "__main__":
    main()

"""A crowd on real sockets: `python -m benchmarks.players [--players 100 400] [--seconds 60] [--to-the-limit]`.

Steps of more and more players, until the p95 of previews is over 100 ms. DATABASE_URL, REDIS_URL and WEB_WORKERS
choose the layout, as for `play`. Besides the clock, which other work on the machine disturbs,
each step says how much processor time the web processes, PostgreSQL, Redis and the simulated players took, and from it
how many players two processors carry. At the end the database is read: every acknowledged query and answer is there
once, and every player's points are the sum of the ledger.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from benchmarks import _processors
from benchmarks._game import ROOT, Game, game, make_players, quantile, quantiles
from benchmarks._typists import Job, Tally

STEPS = (100, 200, 300, 400, 500, 600, 800, 1_000, 1_200, 1_500, 2_000)
SLOW_S = 0.1
SETTLED_AFTER_S = 40  # the first page of everybody is one to look up: by then some are writing
OF_A_PROCESS = 500  # simulated players
BUSY = 0.75  # of the processors' time; with more of it, answers queue


@dataclass(frozen=True)
class Step:
    n_players: int
    seconds: float
    tally: Tally
    processor: dict[str, float]  # seconds of each part while it was measured

    @property
    def p95(self) -> float:
        return quantile(self.tally.previews, 0.95)


def play_step(running: Game, cookies: list[tuple[str, str]], seconds: float, *, pictures: bool) -> Step:
    """Let so many players join over a while, then measure."""
    joined_by = time.perf_counter() + max(5.0, len(cookies) / 25)
    measured_from = joined_by + SETTLED_AFTER_S
    jobs = [
        Job(
            url=running.socket_url,
            port=running.port,
            cookies=cookies[start : start + OF_A_PROCESS],
            names=uuid4().hex[:12],
            joined_by=joined_by,
            measured_from=measured_from,
            ends=measured_from + seconds,
            pictures=pictures,
        )
        for start in range(0, len(cookies), OF_A_PROCESS)
    ]
    processes = [_start(job) for job in jobs]
    pids = [process.pid for process in processes]
    redis = bool(os.environ.get("REDIS_URL"))
    time.sleep(max(0.0, measured_from - time.perf_counter()))
    before = _processors.read(running, pids, redis=redis)
    time.sleep(max(0.0, measured_from + seconds - 0.5 - time.perf_counter()))
    spent = _processors.read(running, pids, redis=redis).since(before)
    return Step(len(cookies), seconds, _finished(processes), spent)


def _start(job: Job) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks._typists"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(job))
    process.stdin.close()
    process.stdin = None
    return process


def _finished(processes: list[subprocess.Popen[bytes]]) -> Tally:
    """Read together: a process whose tally nobody reads does not end."""
    outputs: list[bytes] = [b""] * len(processes)

    def read(number: int) -> None:
        outputs[number] = processes[number].communicate(timeout=180)[0]

    readers = [threading.Thread(target=read, args=(number,)) for number in range(len(processes))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    tally = Tally()
    for output in outputs:
        tally.add(msgspec.json.decode(output, type=Tally))
    return tally


def report(step: Step, running: Game) -> None:
    tally, seconds = step.tally, step.seconds
    print(f"\n{step.n_players} players, {seconds:.0f} s; largest web process {running.memory_mb:.0f} MB")
    rate = len(tally.previews) / step.n_players / seconds
    print(f"previews        {quantiles(tally.previews)}; {rate:.2f}/s a player")
    print(f"                {tally.n_superseded} superseded, {tally.n_busy} refused as too many")
    for kind, times in sorted(tally.moves.items()):
        print(f"{kind:15} {quantiles(times)}")
    print(f"pictures        {quantiles(tally.pictures)}")
    print(f"{tally.n_drops} dropped connections, {tally.n_failed} failed ones, refused: {tally.refused}")
    _report_processors(step)


def _report_processors(step: Step) -> None:
    n_moves = sum(map(len, step.tally.moves.values()))
    shares = ", ".join(f"{part} {spent / step.seconds:.2f}" for part, spent in step.processor.items() if spent)
    server = sum(spent for part, spent in step.processor.items() if part != "generator")
    carried = 2 * BUSY * step.seconds / server * step.n_players
    print(f"processors      {shares}; {len(step.tally.previews)} previews, {n_moves} moves")
    print(f"                {server / step.n_players / step.seconds * 1_000:.2f} ms of the server a player and second;")
    print(f"                2 processors {BUSY:.0%} busy with nothing else carry {carried:.0f} such players")


def check(tally: Tally) -> list[str]:
    """What is wrong in the database, compared with what the players were told."""
    from django.db.models import Count, Sum

    from sticktionary.models import LedgerEntry, Player, Query, Retrieval, Revision

    wrong = []
    moves = Revision.objects.filter(move="add").values_list("key", "detail")
    kept = {key: detail["query"] for key, detail in moves}
    texts = dict(Query.objects.values_list("pk", "text"))
    wrong += [f"lost query {text!r}" for key, text in tally.added.items() if texts.get(kept.get(key, 0)) != text]
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


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--players", type=int, nargs="+", default=[100])
    parser.add_argument("--seconds", type=float, default=60, help="that are measured, of each step")
    parser.add_argument("--to-the-limit", action="store_true", help="go up step by step until answers are too slow")
    parser.add_argument("--no-pictures", action="store_true", help="do not load the candidates' pictures")
    options = parser.parse_args()
    steps = STEPS if options.to_the_limit else tuple(options.players)
    with game() as running:
        made = make_players(max(steps))
        cookies = [(cookie, "zh" if number % 2 else "en") for number, (_, cookie) in enumerate(made)]
        whole = Tally()
        for n_players in steps:
            step = play_step(running, cookies[:n_players], options.seconds, pictures=not options.no_pictures)
            report(step, running)
            whole.add(step.tally)
            if options.to_the_limit and step.p95 > SLOW_S:
                break
        wrong = check(whole)
    print(f"\n{len(whole.added)} queries and {len(whole.answered)} answers acknowledged, {len(wrong)} faults")
    print("\n".join(wrong[:20]))
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())

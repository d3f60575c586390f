from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.models import ExportJob

LONG_AGO = timedelta(minutes=5)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the broker was given."""
    messages: list[tuple[str, int]] = []
    monkeypatch.setattr(jobs.app, "send_task", lambda name, args, **route: messages.append((name, args[0])))
    return messages


@pytest.fixture
def job(db: None) -> ExportJob:
    return ExportJob.objects.create()


def now(job: ExportJob) -> ExportJob:
    job.refresh_from_db()
    return job


def lose(job: ExportJob) -> None:
    ExportJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - LONG_AGO)


def test_only_one_worker_gets_the_lease(job: ExportJob) -> None:
    first = jobs.take(ExportJob, job.pk)
    assert first is not None
    assert (first.state, first.n_attempts) == ("running", 1)
    assert jobs.take(ExportJob, job.pk) is None
    assert jobs.take(ExportJob, 10**6) is None


def test_work_that_ends_well_is_done_and_is_not_done_again(job: ExportJob) -> None:
    did: list[int] = []
    assert jobs.carry_out(ExportJob, job.pk, lambda job: did.append(job.pk))
    assert not jobs.carry_out(ExportJob, job.pk, lambda job: did.append(job.pk))
    assert did == [job.pk]
    assert now(job).state == "done"
    assert job.ended_at is not None


@pytest.mark.parametrize(
    ("error", "told"),
    [(Refused("x", "No such thing."), "No such thing."), (ValueError("bad"), "ValueError: bad")],
)
def test_work_that_fails_says_why(job: ExportJob, error: Exception, told: str) -> None:
    def work(job: ExportJob) -> None:
        raise error

    jobs.carry_out(ExportJob, job.pk, work)
    assert (now(job).state, job.error) == ("failed", told)


def test_a_lost_job_is_taken_over_and_its_old_worker_notices(job: ExportJob) -> None:
    old = jobs.take(ExportJob, job.pk)
    assert old is not None
    lose(job)
    new = jobs.take(ExportJob, job.pk)
    assert new is not None
    assert new.n_attempts == 2
    old.heartbeat_at = None
    with pytest.raises(jobs.LeaseLost):
        jobs.beat(old, n_done=5)
    jobs.beat(new, n_done=7)
    assert now(job).worker == new.worker


def test_a_worker_that_lost_its_lease_ends_nothing(job: ExportJob) -> None:
    def work(held: ExportJob) -> None:
        lose(job)
        assert jobs.take(ExportJob, job.pk) is not None

    jobs.carry_out(ExportJob, job.pk, work)
    assert now(job).state == "running"


def test_progress_is_written_at_most_once_a_second(job: ExportJob) -> None:
    held = jobs.take(ExportJob, job.pk)
    assert held is not None
    jobs.beat(held, n_done=1, n_total=9)
    assert now(job).n_done == 0
    held.heartbeat_at = timezone.now() - timedelta(seconds=2)
    jobs.beat(held, n_done=2)
    assert (now(job).n_done, job.n_total) == (2, 9)


def test_the_sweep_queues_what_was_lost(job: ExportJob, sent: list[tuple[str, int]]) -> None:
    jobs.take(ExportJob, job.pk)
    assert jobs.sweep() == 0
    lose(job)
    assert jobs.is_lost(now(job))
    assert jobs.sweep() == 1
    assert now(job).state == "queued"
    assert sent == [("sticktionary.run_export", job.pk)]
    assert jobs.sweep() == 0  # asked again only after another minute


def test_the_sweep_asks_again_for_a_job_nobody_came_for(job: ExportJob, sent: list[tuple[str, int]]) -> None:
    assert jobs.sweep() == 0
    ExportJob.objects.update(created_at=timezone.now() - LONG_AGO)
    assert jobs.sweep() == 1
    assert sent == [("sticktionary.run_export", job.pk)]


def test_a_job_that_keeps_killing_its_workers_is_given_up(job: ExportJob, sent: list[tuple[str, int]]) -> None:
    for _ in range(jobs.MAX_ATTEMPTS):
        assert jobs.take(ExportJob, job.pk) is not None
        lose(job)
        jobs.sweep()
    assert (now(job).state, job.error) == ("failed", "Given up: the worker died 5 times while doing this.")


def test_only_what_stopped_is_resumed(
    job: ExportJob, sent: list[tuple[str, int]], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with pytest.raises(Refused):
        jobs.resume(job)
    jobs.carry_out(ExportJob, job.pk, lambda job: 1 / 0)  # type: ignore[arg-type]
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        jobs.resume(now(job))
    assert (now(job).state, job.error, job.n_attempts) == ("queued", "", 0)
    assert sent == [("sticktionary.run_export", job.pk)]


def test_the_lease_of_a_process_that_is_no_more_is_free_at_once(job: ExportJob) -> None:
    jobs.take(ExportJob, job.pk)
    jobs.release_if_dead(now(job))
    assert now(job).state == "running"
    ExportJob.objects.update(worker=f"{jobs._host()}:{2**22 + 1}:0123abcd")
    jobs.release_if_dead(now(job))
    assert now(job).state == "queued"


def test_a_broker_that_is_away_loses_nothing(job: ExportJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(jobs.app, "send_task", away)
    jobs._send(job)
    assert now(job).state == "queued"


def test_a_thread_keeps_long_work_alive(job: ExportJob) -> None:
    held = jobs.take(ExportJob, job.pk)
    assert held is not None
    with jobs.kept_alive(held):
        pass
    jobs.beat(held)

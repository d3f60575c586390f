from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sticktionary.domain.lab import lineage, promotion, registry
from sticktionary.domain.play import notices
from sticktionary.models import ModelVersion, Notice, Player, Query, Release, Round, SplitPart, Tombstone, TrainingRun
from tests.lab.candidates import candidate, figure, promoted, run


@pytest.fixture
def writer(frozen: Release) -> Player:
    return Player.objects.filter(language="en", rounds__isnull=False).distinct().get()


def learnt_queries(player: Player) -> list[Query]:
    """What a model may learn of the player's: the queries of the stickers on the training side."""
    train = SplitPart.objects.filter(part="train").values("sticker")
    return list(Query.objects.filter(round__labeler=player, round__sticker__in=train).order_by("pk"))


def test_a_query_leads_to_what_was_made_of_it(frozen: Release, writer: Player) -> None:
    first = registry.register(run(frozen, figure("fine-tuned", 0.5)))
    learnt = learnt_queries(writer)[0]
    (use,) = lineage.of_query(learnt)
    assert (use.release, use.part, use.runs, use.models) == (frozen, "train", [first.run], [first])
    test = SplitPart.objects.filter(part="test").values("sticker")
    judged = Query.objects.filter(round__sticker__in=test).first()
    assert judged is not None
    (use,) = lineage.of_query(judged)
    assert (use.part, use.runs, use.models) == ("test", [], [])
    fresh = Query.objects.create(round=learnt.round, text="new", normalised="new", position=9, added_at=timezone.now())
    assert lineage.of_query(fresh) == []


def test_what_was_taken_back_in_time_was_not_learnt(frozen: Release, writer: Player) -> None:
    before, after = learnt_queries(writer)[:2]
    version = registry.register(run(frozen, figure("fine-tuned", 0.5)))
    for query, hours in ((before, -1), (after, 1)):
        Tombstone.objects.create(kind="query", subject=query.pk)
        Tombstone.objects.filter(subject=query.pk).update(at=timezone.now() + timedelta(hours=hours))
    assert [use.models for query in (before, after) for use in lineage.of_query(query)] == [[], [version]]
    assert before.pk not in lineage.learnt_from(version)
    assert after.pk in lineage.learnt_from(version)


def test_a_result_leads_back_over_every_model_to_its_data(frozen: Release) -> None:
    first = promoted(candidate(frozen, dim=3))
    done = run(frozen, figure("fine-tuned", 0.6), figure("live", 0.5), dim=4, live=first.name)
    TrainingRun.objects.filter(pk=done.pk).update(base=first.name)
    done.refresh_from_db()
    second = registry.register(done)
    chain = lineage.of_result(second.name)
    assert [(origin.model, origin.run, origin.release) for origin in chain] == [
        (second, done, frozen), (first, first.run, frozen),
    ]  # fmt: skip
    assert lineage.of_result(registry.WORDS_ONLY) == []


def test_players_hear_once_that_their_words_trained_the_live_model(
    frozen: Release, writer: Player, researcher: Player, client: Client
) -> None:
    first = promoted(candidate(frozen, dim=3))
    n = len(learnt_queries(writer))
    notice = Notice.objects.get(player=writer)
    assert notices.sentence(notice) == f"{n} of your queries helped train the model that is live now."
    assert [(helped.n, helped.model) for helped in lineage.of_player(writer.pk)] == [(n, first)]
    assert lineage.tell_players(first) == 2
    assert Notice.objects.filter(player=writer).count() == 1
    assert lineage.of_player(researcher.pk) == []
    client.force_login(writer)
    assert notices.sentence(notice) in client.get(reverse("history")).content.decode()


def test_of_a_model_that_was_taken_back_nobody_hears_any_more(
    frozen: Release, writer: Player, researcher: Player
) -> None:
    first = promoted(candidate(frozen, dim=3))
    Notice.objects.update(seen_at=timezone.now())
    second = promoted(candidate(frozen, dim=4), why="larger")
    assert Notice.objects.filter(player=writer).count() == 2
    promotion.roll_back(actor=researcher)
    assert Notice.objects.get(player=writer).key == f"trained:{first.pk}:{writer.pk}"
    assert [helped.model for helped in lineage.of_player(writer.pk)] == [first]
    assert second.name == ModelVersion.objects.get(stage="previous").name


def test_a_release_that_was_cleared_away_is_no_error(frozen: Release, writer: Player) -> None:
    version = registry.register(run(frozen, figure("fine-tuned", 0.5)))
    lineage._read.cache_clear()
    Path(settings.RELEASES_DIR, frozen.path).rename(Path(settings.RELEASES_DIR, "elsewhere"))
    assert lineage.of_query(learnt_queries(writer)[0]) == []
    assert list(lineage.learnt_from(version)) == []
    assert Round.objects.filter(labeler=writer).exists()

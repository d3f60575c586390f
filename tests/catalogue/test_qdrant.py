"""Search on a cluster through the application's own verbs; the cluster is the local mode of Qdrant's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from qdrant_client import QdrantClient

from retrieval_engine.qdrant import ClusterAway, aliases
from sticktionary.domain import catalogue, jobs
from sticktionary.domain.lab import embedding, promotion, registry
from sticktionary.domain.search.cluster import address, keeping, moving
from sticktionary.domain.search.cluster.asking import ClusterSearch
from sticktionary.domain.search.cluster.keeping import Keeper
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import IndexChange, ModelVersion, Pack, Sticker
from tests.catalogue import colours, files
from tests.catalogue.conftest import Importer

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
Make = Callable[..., Sticker]


@pytest.fixture(autouse=True)
def cluster(settings: Any, tmp_path: Path) -> Iterator[QdrantClient]:
    settings.SEARCH_URL = f"local:{tmp_path / 'qdrant'}"
    settings.SEARCH_DIR = tmp_path
    client, _ = address.connected()
    yield client
    client.close()
    address._connected.cache_clear()


@pytest.fixture
def make(pack: Pack) -> Make:
    numbers = count(1)

    def sticker(*queries: str, **columns: object) -> Sticker:
        number = next(numbers)
        made = Sticker.objects.create(
            pack=pack, name=f"{number}.png", sha256=f"{number:064}", image=f"{number}.webp", poster=f"{number}.webp",
            width=10, height=10, **columns,
        )  # fmt: skip
        catalogue.add_house_rounds(made, {"en": queries})
        return made

    return sticker


@pytest.fixture
def stickers(imported: Importer, tmp_path: Path) -> dict[str, Sticker]:
    imported(files.folder(tmp_path / "colours", colours.pictures()))
    return dict(zip(colours.COLOURS, Sticker.objects.order_by("name"), strict=True))


def installed(source: Path) -> ModelVersion:
    version = registry.install(actor=None, source=str(source), queue=False)
    jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    return version


def in_step() -> ClusterSearch:
    """A process that has just caught up."""
    search = ClusterSearch()
    search.refresh()
    return search


def test_a_cluster_finds_what_memory_finds(make: Make) -> None:
    tired, happy = make("so tired", "good night"), make(labels={"emotion": ["joyful"]}, printed_text="Hooray")
    make("party all night")
    catalogue.index_changed([happy.pk])
    search, memory = in_step(), CatalogueSearch()
    memory.refresh()
    for text in ("tired", "joyful", "hooray", "hoor", "night", "   ", "unheard of"):
        ours, theirs = search.preview(text, tired.pk), memory.preview(text, tired.pk)
        assert (ours.ids, ours.target_rank, ours.model_version) == (theirs.ids, theirs.target_rank, registry.WORDS_ONLY)
    pictures = [each.known_pictures([tired.pk, happy.pk], "en") for each in (search, memory)]
    assert pictures[0] == pictures[1] != {}
    texts, ids = ["good", "night"], [happy.pk, tired.pk]
    assert search.rank_among(texts, ids) == memory.rank_among(texts, ids)
    assert search.hard_negatives(tired.pk, texts, 5) == memory.hard_negatives(tired.pk, texts, 5)


def test_what_changes_is_found_and_what_goes_is_gone(make: Make, pack: Pack) -> None:
    first = make("apple")
    search = in_step()
    second = make("pear")
    catalogue.add_house_rounds(first, {"zh": ["苹果"]})
    search.refresh()
    assert search.preview("pear", second.pk).ids == [second.pk]
    assert search.preview("苹果", first.pk).ids == [first.pk]
    Sticker.objects.filter(pk=first.pk).update(state=Sticker.State.WITHDRAWN)
    catalogue.index_changed([first.pk])
    search.refresh()
    assert search.preview("apple", first.pk).ids == []
    assert search.known_pictures([first.pk], "en") == {}


def test_a_model_goes_live_by_the_alias_and_back(
    stickers: dict[str, Sticker], tmp_path: Path, cluster: QdrantClient
) -> None:
    search = in_step()
    words = aliases.target(cluster, address.alias())
    first = installed(colours.bundle(tmp_path / "1"))
    search.refresh()
    assert (search.model_version, search.preview("red", 0, 1).ids) == (first.name, [stickers["red"].pk])
    assert search.lookalikes(stickers["red"].pk, 5) != []
    second = installed(colours.bundle(tmp_path / "2", dim=4))
    search.refresh()
    assert search.model_version == second.name
    promotion.roll_back(actor=None)
    assert search.model_version == second.name  # until it has caught up
    search.refresh()
    assert (search.model_version, search.preview("blue", 0, 1).ids) == (first.name, [stickers["blue"].pk])
    held = aliases.catalogues(cluster, address.alias())
    assert held == {address.name_of(first.name), address.name_of(second.name), words}


def test_a_model_that_was_there_before_any_sticker_sees_those_that_come(
    pack: Pack, imported: Importer, tmp_path: Path
) -> None:
    installed(colours.bundle(tmp_path / "bundle"))
    search = in_step()
    imported(files.folder(tmp_path / "colours", colours.pictures()))
    embedding.embed_missing()
    search.refresh()
    red = Sticker.objects.order_by("name")[list(colours.COLOURS).index("red")]
    assert search.preview("red", red.pk, 1).ids == [red.pk]


def test_a_process_asks_the_old_catalogue_until_the_new_one_is_whole(
    stickers: dict[str, Sticker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = in_step()
    version = installed(colours.bundle(tmp_path / "bundle"))
    monkeypatch.setattr(keeping, "AT_ONCE", 1)
    seen = []
    while search.catch_up():
        seen.append(search.model_version)
        assert search.preview("red", 0, 1).ids in ([], [stickers["red"].pk])
    assert seen == sorted(seen, key=[registry.WORDS_ONLY, version.name].index)
    assert len(seen) > len(stickers)
    assert search.model_version == version.name


def test_catalogues_that_nobody_wants_are_dropped_after_a_while(
    stickers: dict[str, Sticker], tmp_path: Path, cluster: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = in_step()
    first = installed(colours.bundle(tmp_path / "1"))
    search.refresh()
    monkeypatch.setattr(keeping, "DROPPED_AFTER_S", -1.0)
    search.refresh()
    assert aliases.catalogues(cluster, address.alias()) == {address.name_of(first.name)}


def test_the_model_beside_the_live_one_is_asked_once_it_is_whole(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    live = installed(colours.bundle(tmp_path / "1"))
    beside = installed(colours.bundle(tmp_path / "2", dim=4))
    promotion.roll_back(actor=None)
    ModelVersion.objects.filter(pk=beside.pk).update(is_shadow=True)
    search = in_step()
    search.refresh()
    assert (search.model_version, search.shadow_version) == (live.name, beside.name)
    found = search.shadow_preview("green", 0, 1)
    assert found is not None
    assert (found.ids, found.model_version) == ([stickers["green"].pk], beside.name)
    ModelVersion.objects.filter(pk=beside.pk).update(is_shadow=False)
    search.refresh()
    assert search.shadow_version is None


def test_any_model_can_be_tried_out(stickers: dict[str, Sticker], tmp_path: Path) -> None:
    version = installed(colours.bundle(tmp_path / "1"))
    search = in_step()
    for model in (version.name, "retired-model"):
        assert search.beside(model, None).search("unheard of") == []
    assert [hit.id for hit in search.beside(registry.WORDS_ONLY, None).neighbours(stickers["red"].pk)] != []


# --- a writer that is killed, and the command ---


class Killed(BaseException):
    pass


def dying(client: QdrantClient, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """The process is killed in the middle of its nth change."""
    real, left = client.upsert, iter(range(after))

    def upsert(*args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(client, "upsert", upsert, raising=False)


@pytest.mark.parametrize("after", [2, 5, 8, 11])
def test_a_killed_move_is_gone_on_with(
    make: Make, cluster: QdrantClient, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """And people play meanwhile."""
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    made = [make(f"word{number} night") for number in range(9)]
    with monkeypatch.context() as patched:
        dying(cluster, patched, after)
        with pytest.raises(Killed):
            list(moving.move())
    assert aliases.target(cluster, address.alias()) is None
    begun = [progress.n_done for progress in moving.move() if not progress.is_live]
    catalogue.add_house_rounds(made[0], {"en": ["afterwards"]})
    Sticker.objects.filter(pk=made[1].pk).update(state=Sticker.State.WITHDRAWN)
    catalogue.index_changed([made[1].pk])
    seen = list(moving.move())
    assert begun == sorted(begun)
    assert seen[-1].is_live
    search, memory = in_step(), CatalogueSearch()
    memory.refresh()
    for text in ("night", "afterwards", "word1", "word8 night"):
        ours, theirs = search.preview(text, made[8].pk), memory.preview(text, made[8].pk)
        assert (ours.ids, ours.target_rank) == (theirs.ids, theirs.target_rank)


def test_the_command_moves_everything_and_says_so(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    made = [make(f"word{number}") for number in range(3)]
    call_command("move_search")
    assert capsys.readouterr().out == "3 stickers are there; processes that are started with SEARCH_URL ask it.\n"
    call_command("move_search")
    assert in_step().preview("word2", made[2].pk).ids == [made[2].pk]


def test_the_command_says_what_is_wrong_with_the_address(db: None, settings: Any) -> None:
    for url, why in [("", "says no cluster"), ("qdrant:6333", "neither"), ("http://127.0.0.1:1", "does not answer")]:
        settings.SEARCH_URL = url
        with pytest.raises(CommandError, match=why):
            call_command("move_search")


def test_one_writes_at_a_time(make: Make) -> None:
    answers: list[bool] = []

    def ask() -> None:
        with keeping.alone() as is_alone:
            answers.append(is_alone)
        connection.close()

    def asked() -> bool:
        thread = Thread(target=ask)
        thread.start()
        thread.join()
        return answers.pop()

    with keeping.alone() as is_alone:
        assert is_alone
        assert not asked()
    assert asked()


def test_who_finds_somebody_else_moving_watches(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make("apple")
    other = Keeper()
    monkeypatch.setattr(moving, "alone", lambda: nullcontext(False))
    monkeypatch.setattr(moving.time, "sleep", lambda seconds: other.step())
    assert [(progress.n_done, progress.is_live) for progress in moving.move()] == [(0, False), (1, False), (1, True)]


def test_a_catalogue_that_the_log_has_forgotten_is_filled_anew(make: Make) -> None:
    gone, stays = make("apple"), make("pear")
    in_step()
    gone_pk = gone.pk
    IndexChange.objects.all().delete()
    Sticker.objects.filter(pk=gone_pk).update(state=Sticker.State.WITHDRAWN)
    search = in_step()
    assert search.preview("apple", gone_pk).ids == []
    assert search.preview("pear", stays.pk).ids == [stays.pk]


# --- a cluster that is away ---


def test_while_the_cluster_is_away_nothing_is_found_and_nobody_waits(
    make: Make, cluster: QdrantClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sticker = make("apple")
    search, n_asked = in_step(), count()
    search._keeper = None  # as where it is not the local mode
    caplog.clear()

    def away(*args: Any, **kwargs: Any) -> Any:
        next(n_asked)
        raise ClusterAway("connection refused")

    with monkeypatch.context() as patched:
        for name in ("retrieve", "query_batch_points", "get_aliases"):
            patched.setattr(cluster, name, away, raising=False)
        found = search.preview("apple", sticker.pk)
        assert (found.ids, found.target_rank) == ([], None)
        assert search.hard_negatives(sticker.pk, ["apple"], 3) == search.lookalikes(sticker.pk, 3) == []
        with pytest.raises(ClusterAway):
            search.rank_among(["apple"], [sticker.pk])
        assert next(n_asked) == 1
        search.catch_up()
        assert search.preview("apple", sticker.pk).ids == []
        assert [record.message for record in caplog.records] == [
            "The search cluster does not answer: connection refused"
        ]
    search.refresh()
    assert search.preview("apple", sticker.pk).ids == [sticker.pk]


def test_the_keeper_goes_on_when_the_cluster_is_back(
    make: Make, cluster: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sticker, ending, errors = make("apple"), Event(), iter([ClusterAway("refused"), ClusterAway("refused"), OSError()])
    real = Keeper.step

    def step(self: Keeper) -> bool:
        if (error := next(errors, None)) is not None:
            raise error
        is_busy = real(self)
        if not is_busy:
            ending.set()
        return is_busy

    monkeypatch.setattr(Keeper, "step", step)
    monkeypatch.setattr(keeping, "AGAIN_AFTER_S", 0.0)
    monkeypatch.setattr(keeping, "connection", SimpleNamespace(vendor="sqlite", close=lambda: None))  # the test's own
    keeping.follow(ending)
    monkeypatch.undo()
    assert aliases.target(cluster, address.alias()) == address.name_of(registry.WORDS_ONLY)
    assert in_step().preview("apple", sticker.pk).ids == [sticker.pk]

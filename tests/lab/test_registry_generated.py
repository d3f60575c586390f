"""What a query generator writes, and the three things it is used for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from retrieval_engine.training.figures import Report
from sticktionary.domain import exporting, jobs
from sticktionary.domain.lab import generated, generating, promotion, registry
from sticktionary.domain.play import labelling, scoring, worn
from sticktionary.domain.search.live import CatalogueSearch
from sticktionary.models import GeneratedQuery, IndexChange, ModelVersion, Pack, Player, Round, Sticker
from tests.lab import plays as world
from tests.lab.candidates import worked
from tests.releases import plays
from tests.releases.reading import contents, folder

TEXTS = ["red circle, blue square, so tired", "红色圆, 蓝色方块, 好累"]


@pytest.fixture
def pack(db: None) -> Pack:
    return Pack.objects.create(slug="few", title="Few", may_publish_pictures=True, licence="CC0")


@pytest.fixture
def three(pack: Pack) -> list[Sticker]:
    return [world._sticker(pack, colour, "circle") for colour in ("red", "blue", "green")]


@pytest.fixture
def generator(db: None, settings: Any) -> ModelVersion:
    """A real one, made here; it has learnt nothing, and writes what comes to it."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    from retrieval_engine.querygen.loading import load
    from retrieval_engine.querygen.publishing import publish

    held = load("tiny", torch.device("cpu"), texts=TEXTS, seed=3)
    report = Report("querygen", ("sq-bm25-v1/test/single", "trained", "all", "recall_at_10[exact]"), [])
    made = settings.MODELS_DIR / "made"
    manifest = publish(held, made, name="tiny", languages=["en"], lineage={}, metrics=report)
    name = f"tiny@{manifest.version}"
    return ModelVersion.objects.create(name=name, kind="generator", title="tiny", path=str(made), state="done")


def live_words(sticker: Sticker, text: str, likelihood: float = -0.1, language: str = "en") -> GeneratedQuery:
    """A query that the live generator would type."""
    model, _ = ModelVersion.objects.get_or_create(
        name="writer", kind="generator", stage="champion", defaults={"state": "done"}
    )
    return GeneratedQuery.objects.create(
        sticker=sticker, language=language, text=text, normalised=text, log_probability=likelihood, model=model
    )


# --- writing ---


@pytest.mark.trains
def test_promoting_a_generator_has_it_write_for_every_sticker(
    generator: ModelVersion, three: list[Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    IndexChange.objects.all().delete()
    promotion.promote(actor=None, version=generator)
    version = worked(generator)
    assert (version.stage, version.state, version.error, version.n_done) == ("champion", "done", "", 3)
    written = GeneratedQuery.objects.filter(model=version)
    assert set(written.values_list("sticker", "language")) == {(sticker.pk, "en") for sticker in three}
    assert set(IndexChange.objects.values_list("sticker", flat=True)) == {sticker.pk for sticker in three}
    assert all(0 < p <= 1 for s in three for p in generated.likelihoods(s.pk, "en").values())
    assert not promotion.catch_up()
    kept = set(written.exclude(sticker=three[0]).values_list("pk", flat=True))
    written.filter(sticker=three[0]).delete()
    assert promotion.catch_up()
    asked, really = list[object](), generating._lines

    def noted(version: ModelVersion, language: str, wanted: Sequence[tuple[int, str]]) -> Iterator[Any]:
        asked.append((language, wanted))
        return really(version, language, wanted)

    monkeypatch.setattr(generating, "_lines", noted)
    assert worked(version).stage == "champion"
    assert asked == [("en", [(three[0].pk, three[0].image)])]
    assert kept < set(written.values_list("pk", flat=True))


def test_a_generator_that_cannot_be_used_says_why_and_leaves_the_live_one(
    generator: ModelVersion, three: list[Sticker]
) -> None:
    live_words(three[0], "nap time")
    weights = next(Path(generator.path, "model").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-8])
    promotion.promote(actor=None, version=generator)
    failed = worked(generator)
    assert (failed.state, failed.stage) == ("failed", "candidate")
    assert failed.error == f"{generator.name}: model/{weights.name} was changed after it was published"
    assert registry.champion_name("generator") == "writer"


def test_a_live_generator_whose_files_are_gone_stops_no_sweep(generator: ModelVersion, three: list[Sticker]) -> None:
    ModelVersion.objects.filter(pk=generator.pk).update(stage="champion")
    Path(generator.path, "generator.json").unlink()
    assert not promotion.catch_up()


def test_a_child_that_fails_is_quoted(
    generator: ModelVersion, three: list[Sticker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generating, "N_QUERIES", "many")
    promotion.promote(actor=None, version=generator)
    failed = worked(generator)
    assert failed.state == "failed"
    assert failed.error.startswith("The query generator stopped: ")
    assert failed.error.endswith("invalid int value: 'many'")


def test_who_cancels_ends_the_child(generator: ModelVersion, three: list[Sticker]) -> None:
    promotion.promote(actor=None, version=generator)

    def cancelled(held: ModelVersion) -> None:
        jobs.cancel(held)
        ModelVersion.objects.filter(pk=held.pk).update(heartbeat_at=None)
        held.heartbeat_at = None

    assert jobs.carry_out(ModelVersion, generator.pk, lambda held: promotion.run(held, cancelled))
    generator.refresh_from_db()
    assert (generator.state, generator.stage) == ("cancelled", "candidate")


def test_only_what_a_player_might_write_is_kept(generator: ModelVersion, three: list[Sticker]) -> None:
    texts = ["So Tired", "so tired", "写字", "call 0171 2345678", "x" * 61, "", "a nap"]
    queries = [generating.Generated(text, -1.0 - place) for place, text in enumerate(texts)]
    generating._keep(generator, "en", generating.Line(three[0].pk, queries))
    generating._keep(generator, "zh", generating.Line(three[0].pk, []))
    rows = GeneratedQuery.objects.order_by("-log_probability", "language")
    assert [(row.language, row.text, row.log_probability) for row in rows] == [
        ("zh", "", 0.0), ("en", "So Tired", -1.0), ("en", "a nap", -7.0),
    ]  # fmt: skip
    ModelVersion.objects.update(stage="champion")
    assert generated.texts_of([three[0].pk]) == {three[0].pk: {"en": ["So Tired", "a nap"]}}


# --- search ---


def test_search_finds_stickers_nobody_has_labelled_by_generated_words_marked_as_such(three: list[Sticker]) -> None:
    unlabelled, labelled = three[:2]
    plays.looked_up(plays.written(labelled, plays.player(), "sleepy", state="found"), plays.player())
    for sticker in (unlabelled, labelled):
        live_words(sticker, "nap time")
    live_words(labelled, "午睡", language="zh")
    search = CatalogueSearch()
    search.refresh()
    (hit,) = search.beside(registry.WORDS_ONLY, None).search("nap")
    assert (hit.id, hit.lexical_rank, hit.generated_rank) == (unlabelled.pk, None, 1)
    assert search.preview("nap", unlabelled.pk).target_rank == 1
    assert search.preview("午睡", labelled.pk).target_rank == 1  # nobody has said it in Chinese yet
    ModelVersion.objects.update(stage="previous")
    again = CatalogueSearch()
    again.refresh()
    assert again.preview("nap", unlabelled.pk).ids == []


# --- novelty and worn-out words ---


@pytest.mark.parametrize(("likelihood", "novelty"), [(0.0, 1.5), (0.5, 1.0), (1.0, 0.5 + 1 / 3)])
def test_what_the_generator_expects_is_less_new(likelihood: float, novelty: float) -> None:
    assert scoring.query_novelty(0, likelihood) == pytest.approx(novelty)
    assert scoring.query_novelty(3, likelihood) < scoring.query_novelty(2, likelihood)


def test_novelty_falls_for_the_very_words_of_that_sticker_and_language(three: list[Sticker]) -> None:
    live_words(three[0], "nap time", 0.0)
    rounds = [
        Round.objects.create(sticker=sticker, language=language, dealt_at=timezone.now())
        for sticker, language in ((three[0], "en"), (three[0], "zh"), (three[1], "en"))
    ]
    assert [round(labelling.novelty_of(one, "nap time"), 3) for one in rounds] == [0.833, 1.5, 1.5]
    assert labelling.novelty_of(rounds[0], "another") == 1.5


def test_the_generators_word_stands_for_one_find_and_never_alone(three: list[Sticker]) -> None:
    player = plays.player()
    plays.looked_up(plays.written(three[0], player, "nap time", "siesta"), plays.player())
    assert worn.worn_out(three[0].pk, "en") == {}
    live_words(three[0], "nap time", -0.1)
    live_words(three[0], "siesta", -3.0)
    live_words(three[0], "forty winks", 0.0)
    assert worn.worn_out(three[0].pk, "en") == {"nap time": "nap time"}


# --- and never leaves the house ---


def test_nothing_generated_is_released_exported_or_proof(
    stickers: list[Sticker], researcher: Player, tmp_path: Path
) -> None:
    world.play(stickers)
    for sticker in stickers:
        live_words(sticker, "kumquat nocturne", 0.0)
    release = world.freeze(None)
    files = contents(folder(release))
    assert len(files) > 10
    assert [name for name, data in files.items() if b"kumquat" in data] == []
    exported = tmp_path / "export"
    exported.mkdir()
    exporting.write(exported)
    files = contents(exported)
    assert any(name.endswith("_en.csv") for name in files)
    assert [name for name, data in files.items() if b"kumquat" in data] == []
    assert not Round.objects.filter(queries__normalised="kumquat nocturne").exists()


def test_a_generator_is_made_ready_where_the_gpu_is(
    generator: ModelVersion, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent = list[object]()
    monkeypatch.setattr(jobs.app, "send_task", lambda name, args, **route: sent.append((name, args, route)))
    with django_capture_on_commit_callbacks(execute=True):
        promotion.promote(actor=None, version=generator)
    assert sent == [("sticktionary.run_installation", [generator.pk], {"queue": "gpu"})]

"""The API: nobody gets in without a token that reaches so far, refusals say why, and its document is true."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from openapi_python_client import Config, generate
from openapi_python_client.config import ConfigFile, MetaType

from sticktionary.domain.lab import runs, tryout
from sticktionary.domain.people import tokens
from sticktionary.domain.people.tokens import Scope
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import (
    AuditEntry,
    ModelVersion,
    Pack,
    Player,
    Release,
    Retrieval,
    Round,
    RunEvent,
    StartKey,
    Sticker,
    TrainingRun,
)
from sticktionary.web.api import gate
from sticktionary.web.api.urls import api
from tests.catalogue import colours
from tests.people.conftest import client_of

ROOT = "/api/v1"
ORDER = {"recipe": "stickerclip", "base": "tiny", "settings": {"steps": 5}, "title": "Small"}
REPORT = {
    "recipe": "stickerclip",
    "headline": ["text_to_image/human_query", "fine-tuned", "en", "mrr"],
    "figures": [
        {"task": "text_to_image/human_query", "method": "fine-tuned", "language": "en", "metric": "mrr",
         "value": 0.4, "low": 0.3, "high": 0.5, "chance": 0.1, "n": 20, "n_gallery": 9, "n_dropped": 0, "tied": 0.0},
    ],
    "notes": ["a note"],
    "examples": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_calls_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def secret_of(player: Player, *scopes: str) -> str:
    until = timezone.now() + timedelta(days=1)
    return tokens.make(actor=player, label="test", scopes=scopes or list(Scope), until=until)[1]


class Program:
    """A client with a token."""

    def __init__(self, secret: str) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(ROOT + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.post(ROOT + path, json.dumps(body or {}), content_type="application/json", headers=headers)


@pytest.fixture
def program(researcher: Player) -> Program:
    return Program(secret_of(researcher))


def calls() -> Iterator[tuple[str, str, str]]:
    """Method, address and scope of every call."""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, described in methods.items():
            filled = path.replace("{number}", "1").replace("{name}", "stickerclip").replace("{ticket}", "t")
            for name in ("run_id", "model_id"):
                filled = filled.replace(f"{{{name}}}", "1")
            yield method, filled, described["security"][0]["token"][0]


CALLS = sorted(calls())


def test_the_calls_are_these() -> None:
    assert {(method, path.removeprefix(ROOT)) for method, path, _scope in CALLS} == {
        ("get", "/releases"), ("get", "/releases/1"), ("get", "/recipes"), ("get", "/recipes/stickerclip"),
        ("get", "/runs"), ("post", "/runs"), ("post", "/runs/estimate"), ("get", "/runs/1"), ("get", "/runs/1/events"),
        ("get", "/runs/1/figures"), ("post", "/runs/1/cancel"), ("post", "/runs/1/resume"),
        ("get", "/models"), ("get", "/models/1"), ("get", "/models/1/card"), ("get", "/models/1/comparison"),
        ("post", "/models/1/approve"), ("post", "/models/1/reject"), ("post", "/models/1/promote"),
        ("post", "/models/1/shadow"), ("post", "/models/roll-back"), ("get", "/search"),
        ("post", "/replies"), ("get", "/replies/later/t"), ("post", "/replies/batch"),
        ("get", "/replies/batch/later/t"),
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_nobody_calls_without_a_token_that_reaches_so_far(
    researcher: Player, method: str, path: str, scope: str
) -> None:
    stranger = Client()
    assert getattr(stranger, method)(path).status_code == 401
    signed_in = client_of(researcher)
    assert getattr(signed_in, method)(path).status_code == 401
    others = [other.value for other in Scope if other.value != scope]
    answer = getattr(Client(headers={"Authorization": f"Bearer {secret_of(researcher, *others)}"}), method)(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_a_token_whose_owner_lost_the_role_opens_nothing(researcher: Player, program: Program) -> None:
    assert program.get("/runs").status_code == 200
    researcher.groups.clear()
    answer = program.get("/runs")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_refusal_is_a_problem_in_words(program: Program) -> None:
    answer = program.get("/runs/77")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing of this name or number.",
        "code": "not_found",
        "errors": {},
    }
    stranger = Client().get(f"{ROOT}/runs")
    assert (stranger["WWW-Authenticate"], stranger.json()["code"]) == ("Bearer", "no_token")
    nowhere = Client().get(f"{ROOT}/nowhere")
    assert (nowhere.status_code, nowhere["Content-Type"]) == (404, "application/problem+json")


# --- runs ---


def test_a_run_is_started_watched_and_stopped(program: Program, frozen: Release, researcher: Player) -> None:
    answer = program.post("/runs", ORDER | {"release": frozen.number})
    assert answer.status_code == 201
    started = answer.json()
    run = TrainingRun.objects.get()
    assert (started["id"], started["status"], started["release"], started["model"]) == (run.pk, "queued", 1, None)
    assert (run.created_by, run.settings["steps"], run.title) == (researcher, 5, "Small")
    assert program.get("/runs").json() == {"items": [started], "count": 1}
    assert program.get("/runs", recipe="querygen").json()["count"] == 0
    assert program.get("/runs", state="queued").json()["count"] == 1
    assert program.post(f"/runs/{run.pk}/cancel").json()["status"] == "cancelled"
    assert program.post(f"/runs/{run.pk}/cancel").status_code == 409
    assert program.post(f"/runs/{run.pk}/resume").json()["status"] == "queued"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"recipe": "alchemy"}, {"recipe"}),
        ({"release": 99}, {"release"}),
        ({"settings": {"steps": 0, "batch": "many"}}, {"settings.steps", "settings.batch"}),
        ({"settings": {"colour": "red"}}, {"settings.colour"}),
        ({"base": "/nowhere"}, {"base"}),
        ({"seed": -1}, {"order.seed"}),
        ({"device": "abacus"}, {"order.device"}),
        ({"surprise": 1}, {"order.surprise"}),
    ],
)
def test_a_bad_order_is_told_by_field_and_starts_nothing(
    program: Program, frozen: Release, changes: dict[str, Any], fields: set[str]
) -> None:
    answer = program.post("/runs", ORDER | {"release": frozen.number} | changes)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, fields)
    assert TrainingRun.objects.count() == 0


def test_under_a_key_a_run_starts_once(program: Program, frozen: Release) -> None:
    order = ORDER | {"release": frozen.number}
    first = program.post("/runs", order, **{"Idempotency-Key": "monday"})
    again = program.post("/runs", order, **{"Idempotency-Key": "monday"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    other = program.post("/runs", order | {"seed": 2}, **{"Idempotency-Key": "monday"})
    assert (other.status_code, other.json()["code"]) == (409, "key_used")
    assert program.post("/runs", order | {"seed": 2}, **{"Idempotency-Key": "tuesday"}).status_code == 201
    assert (TrainingRun.objects.count(), StartKey.objects.count()) == (2, 2)


def test_a_refused_start_does_not_use_up_its_key(program: Program, frozen: Release) -> None:
    order = ORDER | {"release": frozen.number}
    assert program.post("/runs", order | {"base": "/nowhere"}, **{"Idempotency-Key": "k"}).status_code == 422
    assert program.post("/runs", order, **{"Idempotency-Key": "k"}).status_code == 201


def test_an_estimate_starts_nothing(program: Program, frozen: Release) -> None:
    told = program.post("/runs/estimate", ORDER | {"release": frozen.number}).json()
    assert set(told) == {"seconds", "memory_bytes", "because"}
    assert told["seconds"] > 0
    assert TrainingRun.objects.count() == 0


@pytest.fixture
def run(researcher: Player, frozen: Release) -> TrainingRun:
    return runs.start(actor=researcher, recipe="stickerclip", release=frozen, base="tiny")


def happened(run: TrainingRun, n: int) -> None:
    values = {"n_steps": n, "text": "", "values": {"loss": 1.0}, "phase": "training"}
    RunEvent.objects.bulk_create(
        [
            RunEvent(run=run, position=10 * i, at=timezone.now(), kind="step", step=i, data=values)
            for i in range(1, n + 1)
        ]
    )


def test_events_are_read_on_from_where_one_was(program: Program, run: TrainingRun) -> None:
    happened(run, 5)
    first = program.get(f"/runs/{run.pk}/events", limit=2).json()
    assert ([event["step"] for event in first["items"]], first["next"]) == ([1, 2], 20)
    rest = program.get(f"/runs/{run.pk}/events", after=first["next"]).json()
    assert ([event["step"] for event in rest["items"]], rest["next"]) == ([3, 4, 5], 50)
    assert program.get(f"/runs/{run.pk}/events", after=50).json() == {"items": [], "next": 50}
    assert rest["items"][0]["values"] == {"loss": 1.0}


def test_figures_are_there_once_they_are_measured(program: Program, run: TrainingRun) -> None:
    assert program.get(f"/runs/{run.pk}/figures").status_code == 409
    TrainingRun.objects.filter(pk=run.pk).update(report=REPORT)
    told = program.get(f"/runs/{run.pk}/figures").json()
    assert (told["headline"], told["figures"]) == (REPORT["headline"], REPORT["figures"])


# --- models ---


@pytest.fixture
def candidate(run: TrainingRun, tmp_path: Path) -> ModelVersion:
    folder = colours.bundle(tmp_path / "bundle")
    TrainingRun.objects.filter(pk=run.pk).update(state="done", report=REPORT)
    return ModelVersion.objects.create(
        name="first@1", title="First", path=str(folder), run=run, state="done", created_by=run.created_by
    )


def test_a_model_is_approved_and_promoted_by_a_program(
    program: Program, candidate: ModelVersion, researcher: Player
) -> None:
    assert program.get("/models").json()["items"][0]["stage"] == "candidate"
    compared = program.get(f"/models/{candidate.pk}/comparison").json()
    assert (compared["needs_reason"], compared["verdict"]) == (True, "unknown")
    assert program.post(f"/models/{candidate.pk}/promote").json()["code"] == "not_approved"
    assert program.post(f"/models/{candidate.pk}/approve").json()["code"] == "needs_reason"
    told = program.post(f"/models/{candidate.pk}/approve", {"why": "the first one"}).json()
    assert (told["id"], told["why"]) == (candidate.pk, "the first one")
    assert program.post(f"/models/{candidate.pk}/promote").json()["state"] == "queued"
    assert AuditEntry.objects.get(verb="approve_model").actor == researcher


def test_a_model_is_turned_down_with_a_reason(program: Program, candidate: ModelVersion) -> None:
    assert program.post(f"/models/{candidate.pk}/reject").json()["code"] == "no_reason"
    assert program.post(f"/models/{candidate.pk}/reject", {"why": "too small"}).json()["stage"] == "rejected"


def test_there_is_nothing_to_roll_back_to(program: Program) -> None:
    answer = program.post("/models/roll-back", {"why": "it is slow"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_before")


def test_a_card_is_markdown(program: Program, candidate: ModelVersion) -> None:
    answer = program.get(f"/models/{candidate.pk}/card")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.content.decode()
    line = "| text_to_image/human_query | fine-tuned | en | mrr | 0.4 | 0.3 to 0.5 | 0.1 | 20 | 9 |"
    assert (text.count("# First\n"), text.count(line), text.count("`text.onnx`")) == (1, 1, 1)


# --- search ---


@pytest.fixture
def found(program: Program, frozen: Release) -> Callable[..., list[str]]:
    """The names of what words alone find, best first, ties by number."""
    catalogue_search.__init__()  # type: ignore[misc]
    tryout._beside.cache_clear()
    Round.objects.update(state=Round.State.FOUND)
    names = dict(Sticker.objects.values_list("pk", "name"))

    def find(query: str, **filters: Any) -> list[str]:
        hits = program.get("/search", q=query, **{"model": "bm25", "k": 30, **filters}).json()["hits"]
        return [names[hit["sticker"]].removesuffix(".webp") for hit in hits]

    return find


REDS = ["red-circle", "red-square", "red-bar", "red-pole", "red-cross"]


def test_one_pack_alone_is_searched(found: Callable[..., list[str]], program: Program) -> None:
    other = Pack.objects.create(slug="lines", title="Lines", source="drawn here", licence="CC0")
    Sticker.objects.filter(name__regex="-(bar|pole)").update(pack=other)
    assert found("red") == REDS
    assert found("red", pack="lines") == ["red-bar", "red-pole"]
    assert found("red", pack="lines", k=1) == ["red-bar"]
    Pack.objects.update(is_active=False)
    assert program.get("/search", q="red", pack="lines").json()["code"] == "no_pack"


def test_words_of_one_language_alone_count(found: Callable[..., list[str]], program: Program) -> None:
    assert found("red", language="en") == found("红色", language="zh", k=5) == REDS
    assert found("红色", language="en") == found("red", language="zh") == []
    assert program.get("/search", q="red", language="fr").status_code == 422


def test_what_the_caller_has_written_for_or_found_is_left_out(
    found: Callable[..., list[str]], researcher: Player
) -> None:
    Round.objects.filter(sticker__name="red-bar.webp", language="en").update(labeler=researcher)
    Retrieval.objects.filter(round__sticker__name="red-circle.webp").update(player=researcher)
    assert found("red", unseen=True) == ["red-square", "red-pole", "red-cross"]
    assert found("red", unseen=False) == REDS


# --- how often ---


def test_a_token_has_so_many_calls_a_minute(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.time, "time", lambda: 6_000_020.0)
    monkeypatch.setattr(gate.CALLS, "most", 2)
    assert [program.get("/recipes").status_code for _ in range(3)] == [200, 200, 429]
    refused = program.get("/recipes")
    assert (refused["Retry-After"], refused.json()["code"]) == ("40", "too_many")
    monkeypatch.setattr(gate.time, "time", lambda: 6_000_060.0)
    assert program.get("/recipes").status_code == 200


def test_whoever_guesses_tokens_is_slowed_down(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.time, "time", lambda: 6_000_000.0)
    monkeypatch.setattr(gate.STRANGERS, "most", 2)
    guess = Client(headers={"Authorization": "Bearer stk_guess"})
    assert [guess.get(f"{ROOT}/runs").status_code for _ in range(3)] == [401, 401, 429]


# --- what the document promises ---


def test_the_document_is_open_and_says_what_each_call_needs(db: None) -> None:
    document = Client().get(f"{ROOT}/openapi.json").json()
    assert (document["openapi"], document["components"]["securitySchemes"]["token"]["scheme"]) == ("3.1.0", "bearer")
    start = document["paths"][f"{ROOT}/runs"]["post"]
    assert start["security"] == [{"token": ["train"]}]
    assert set(start["responses"]["422"]["content"]) == {"application/problem+json"}


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client as a stranger makes it from the document, with nothing of ours in it."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(api.get_openapi_schema()))
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, folder / "openapi.json", "utf-8", True, folder / "stranger"
    )
    problems = [error for error in generate(config=config) if error.level.name != "WARNING"]
    assert problems == []
    sys.path.insert(0, str(folder))
    yield import_module("stranger")
    sys.path.remove(str(folder))


def test_a_generated_client_starts_a_run_and_follows_it(
    client_package: Any, live_server: Any, researcher: Player, frozen: Release
) -> None:
    client = client_package.AuthenticatedClient(base_url=live_server.url, token=secret_of(researcher))
    order = import_module("stranger.models.order").Order.from_dict(ORDER | {"release": frozen.number})
    started = import_module("stranger.api.runs.start_run").sync(client=client, body=order, idempotency_key="k")
    run = TrainingRun.objects.get()
    happened(run, 3)
    assert (started.id, started.status.value) == (run.pk, "queued")
    told = import_module("stranger.api.runs.run_events").sync(client=client, run_id=run.pk, after=0)
    assert [event.step for event in told.items] == [1, 2, 3]
    listed = import_module("stranger.api.releases.releases").sync(client=client)
    assert [release.number for release in listed.items] == [frozen.number]
    refused = import_module("stranger.api.runs.run").sync(client=client, run_id=999)
    assert (refused.status, refused.code) == (404, "not_found")

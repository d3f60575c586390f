"""Models that answer conversations, through the whole lab: from the form to live and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from retrieval_engine.training.recipes import recipes
from retrieval_engine.training.run import BUNDLE, ORDER
from sticktionary.domain.chats import conversations
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import bundles, comparison, data, estimates, promotion, registry, runs, uses, watching
from sticktionary.domain.lab.runs import Status
from sticktionary.domain.people.roles import Role
from sticktionary.domain.replies import answering, asking, repliers
from sticktionary.domain.replies.answering import Answers
from sticktionary.domain.replies.asking import Asked, Said
from sticktionary.models import Conversation, Embedding, ModelVersion, Player, Release, Sticker, TrainingRun
from tests.game.conftest import make_player
from tests.lab import plays, talk
from tests.lab.candidates import promoted, worked
from tests.lab.test_api import Program, secret_of
from tests.lab.test_runs_training import carried_out
from tests.people.conftest import client_of

ANSWERING = [name for name, recipe in recipes().items() if recipe.kind == "dialogue"]
FEW = {"epochs": 1, "batch": 16, "judged": 6, "validated": 4}
Kind = ModelVersion.Kind


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.05)
    cache.clear()


@pytest.fixture
def browser(researcher: Player) -> Client:
    return client_of(researcher)


@pytest.fixture
def talked(stickers: list[Sticker]) -> Release:
    """A release of thirty chats with two uses of a sticker in each, and of no queries at all."""
    talk.chats(stickers)
    return plays.freeze(None)


@pytest.fixture
def admin(db: None) -> Player:
    player = make_player("ada")
    player.groups.add(Group.objects.get(name=Role.ADMIN.value))
    return player


def asked(release: Release, **settings: object) -> dict[str, object]:
    named = {f"settings.{name}": value for name, value in settings.items()}
    return {"release": release.pk, "base": "tiny", "device": "cpu", "seed": "1", **named}


def form(recipe: str) -> str:
    return f"{reverse('lab_new_run')}?recipe={recipe}"


# --- what can be learned from ---


def test_the_uses_of_stickers_are_counted_by_side(talked: Release) -> None:
    assert sum(uses.by_part(talked).values()) == uses.n_uses(talked) == 60
    assert estimates.size_of(talked, "tiny").n_uses == uses.by_part(talked)["train"] > 30


def test_every_recipe_of_conversations_starts_once_from_its_form(browser: Client, talked: Release) -> None:
    assert ANSWERING == ["int_ra", "igsr", "pbr", "stickerllm", "srs", "mmbert"]
    for name in ANSWERING:
        page = browser.get(form(name)).context
        assert page["form"]["release"].value() == talked.pk
        estimate = browser.post(form(name), asked(talked) | {"estimate": ""}).context["estimate"]
        assert estimate.seconds > 0
        answers = [browser.post(form(name), asked(talked, **FEW)).status_code for _ in range(2)]
        assert answers == [302, 400]
    assert list(TrainingRun.objects.order_by("pk").values_list("recipe", flat=True)) == ANSWERING
    assert {run.settings["epochs"] for run in TrainingRun.objects.all()} == {1}


def test_a_release_without_conversations_is_refused_in_words(browser: Client, frozen: Release) -> None:
    page = browser.get(form("igsr"))
    assert (page.context["form"]["release"].value(), page.context["lacks_conversations"]) == (None, True)
    assert [label for _value, label in page.context["form"].fields["release"].choices][1:] == [
        f"{frozen} · no conversations"
    ]
    answer = browser.post(form("igsr"), asked(frozen))
    told = f"{frozen} holds no conversations with stickers. Import some, freeze a release, and choose that one."
    assert (answer.status_code, answer.context["form"].errors) == (400, {"release": [told]})
    assert not TrainingRun.objects.exists()


def test_chats_on_one_side_alone_are_refused_in_words(stickers: list[Sticker]) -> None:
    talk.chat(stickers[0], "alone")
    with pytest.raises(Refused) as refused:
        runs.start(actor=None, recipe="srs", release=plays.freeze(None), base="tiny")
    assert set(refused.value.problems) == {"release"}  # type: ignore[attr-defined]


def test_a_release_of_conversations_alone_is_none_to_search_by(talked: Release) -> None:
    with pytest.raises(Refused) as refused:
        runs.start(actor=None, recipe="stickerclip", release=talked, base="tiny")
    assert set(refused.value.problems) == {"release"}  # type: ignore[attr-defined]


def test_chats_that_were_taken_back_are_in_the_order(talked: Release, admin: Player) -> None:
    first = Conversation.objects.order_by("pk").first()
    assert first is not None
    conversations.withdraw(actor=admin, conversation_id=first.pk, why="asked for")
    run = runs.start(actor=None, recipe="int_ra", release=talked, base="tiny", queue=False)
    live = ModelVersion.objects.create(name="live@1", title="live", kind=Kind.DIALOGUE, stage="champion", path="/live")
    folder = data.write_order(run)
    order = json.loads((folder / ORDER).read_text())
    assert json.loads(Path(order["left_out"]).read_text())["chats"] == [f"chat_{first.pk}"]
    assert (order["dialogue"], order["live"], run.facts["live"]) == ("/live", "", live.name)


def test_installed_models_of_the_right_kinds_may_be_started_from(browser: Client, talked: Release) -> None:
    for kind in Kind:
        ModelVersion.objects.create(name=f"{kind}@1", title=kind, kind=kind, path="/nowhere")
    offered = {version.kind for version in browser.get(form("pbr")).context["models"]}
    assert offered == {Kind.RETRIEVAL, Kind.DIALOGUE}
    answer = browser.post(form("pbr"), asked(talked) | {"base": "generator@1"})
    told = "generator@1 is a query generator; this recipe trains another kind of model."
    assert answer.context["form"].errors == {"base": [told]}


# --- the whole way ---


@pytest.mark.trains
def test_a_conversation_model_goes_from_the_form_to_live_and_back(browser: Client, talked: Release) -> None:
    browser.post(form("igsr"), asked(talked, **FEW, baselines="on"))
    run = carried_out(TrainingRun.objects.get())
    assert (run.state, run.error, runs.status_of(run)) == ("done", "", Status.AWAITING_APPROVAL)
    assert (run.model.kind, run.report["headline"][0]) == (Kind.DIALOGUE, "reply/gallery")
    assert {figure["method"] for figure in run.report["figures"]} >= {"trained", "bm25"}
    step = run.events.filter(kind="step", data__phase="training").order_by("position").last()
    assert step is not None
    assert step.data["values"]["loss"] > 0
    compared = comparison.compare(run.model)
    assert (compared.live, compared.headline is not None) == ("", True)

    # It may look at the stickers before anybody decides about it.
    assert repliers.still_to_look() == [run.model]
    looked = worked(promotion.let_look(actor=None, version=run.model))
    assert (looked.state, looked.error, looked.stage) == ("done", "", "candidate")
    asked_now = asking.checked(Asked((Said("anna", "what a day"),), "ben"))
    tried = answering.answer(looked.name, [asked_now], 3, asker=Player.objects.earliest("pk"))
    assert isinstance(tried, Answers)
    assert len(tried.answered[0].stickers) == 3

    # It is shown those that are new, then it is live, in the place of another one.
    made = Path(run.model.path)
    other = ModelVersion.objects.create(
        name="before@1", title="before", kind=Kind.DIALOGUE, path=str(made), stage="champion", state="done"
    )
    version = promoted(looked, why="to see it")
    assert (version.state, version.error, version.stage, version.n_done) == ("done", "", "champion", version.n_total)
    assert (registry.champion(Kind.DIALOGUE), registry.champion(Kind.RETRIEVAL)) == (version, None)
    assert Embedding.objects.filter(embedded_by=version.name).count() == version.n_total
    assert promotion.catch_up() is False
    for page in (reverse("lab_run", args=[run.pk]), reverse("lab_model", args=[version.pk]), reverse("lab_models")):
        assert browser.get(page).status_code == 200

    back = browser.post(reverse("lab_model_roll-back", args=[version.pk]), {"why": "slow"}, follow=True)
    assert [str(message) for message in back.context["messages"]] == ["before is live again."]
    version.refresh_from_db()
    assert (registry.champion(Kind.DIALOGUE), version.stage) == (other, "previous")

    # Its bundle is known for what it is where it is brought in from elsewhere, and by which recipe it is measured.
    bundle = data.folder_of(run) / BUNDLE
    assert bundles.kind_of(bundle) == Kind.DIALOGUE
    assert registry.recipe_of(other) == "igsr"
    Path(run.model.path, "dialogue.json").write_text("{}")
    again = registry.install(actor=None, source=str(bundle), queue=False)
    assert again.kind == Kind.DIALOGUE
    with pytest.raises(Refused) as refused:
        bundles.check(version)
    assert refused.value.code == "damaged_bundle"
    assert worked(again).state == "failed"  # of the same files, which lie damaged where they belong


# --- for programs ---


def test_programs_start_runs_of_conversations_and_are_told_what_is_wrong(
    researcher: Player, talked: Release, client: Client
) -> None:
    order = {"recipe": "igsr", "release": talked.number, "base": "tiny", "settings": FEW | {"memory": "none"}}
    program = Program(secret_of(researcher))
    known = {recipe["name"]: recipe["kind"] for recipe in program.get("/recipes").json()}
    assert [name for name, kind in known.items() if kind == "dialogue"] == ANSWERING
    assert Program(secret_of(researcher, "read")).post("/runs", order).status_code == 403
    started = program.post("/runs", order)
    assert (started.status_code, started.json()["settings"]["memory"]) == (201, "none")
    assert program.post("/runs", order).status_code == 409
    wrong = program.post("/runs", order | {"settings": {"memory": "elephant"}})
    assert (wrong.status_code, set(wrong.json()["errors"])) == (422, {"settings.memory"})
    assert program.post("/models/roll-back", {"kind": "dialogue"}).json()["code"] == "nothing_before"
    assert program.get("/models", kind="dialogue").json() == {"items": [], "count": 0}

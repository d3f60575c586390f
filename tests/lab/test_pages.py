"""The lab's pages: who sees them, what they say, and that each button calls its verb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from retrieval_engine.training.figures import Report
from retrieval_engine.training.recipes import recipes
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import promotion, registry, runs, tryout
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import ModelVersion, Player, Query, Release, Round, RunEvent, Sticker, TrainingRun
from sticktionary.web import lab, lab_api, lab_figures, lab_help, lab_models, lab_reply, lab_search, lab_tokens
from tests.catalogue import colours
from tests.lab import candidates
from tests.lab.test_api import REPORT
from tests.people.conftest import client_of, make_player

MODULES = (lab, lab_api, lab_models, lab_reply, lab_search, lab_tokens)
ROLES = ("contributor", "reviewer", "publisher", "moderator", "researcher", "admin")
LAB = {"researcher", "admin"}


@pytest.fixture
def browser(researcher: Player) -> Client:
    return client_of(researcher)


@pytest.fixture
def run(researcher: Player, frozen: Release) -> TrainingRun:
    return runs.start(actor=researcher, recipe="stickerclip", release=frozen, base="tiny", title="First try")


@pytest.fixture
def candidate(run: TrainingRun, tmp_path: Path) -> ModelVersion:
    folder = colours.bundle(tmp_path / "bundle")
    TrainingRun.objects.filter(pk=run.pk).update(state="done", report=REPORT, ended_at=timezone.now())
    return ModelVersion.objects.create(
        name="first@1", title="First", path=str(folder), run=run, state="done", created_by=run.created_by
    )


def addresses(run: TrainingRun, candidate: ModelVersion) -> Iterator[tuple[str, str]]:
    """The name and address of every page of the lab."""
    given = {"run_id": run.pk, "version_id": candidate.pk, "token_id": 1, "ticket": "t"}
    for module in MODULES:
        for pattern in module.urlpatterns:
            wanted = {name: given[name] for name in pattern.pattern.converters}
            yield str(pattern.name), reverse(str(pattern.name), kwargs=wanted)


def test_only_researchers_and_admins_come_in(run: TrainingRun, candidate: ModelVersion) -> None:
    held = list(addresses(run, candidate))
    assert len(held) == 35
    for role in ROLES:
        player = make_player(f"a_{role}")
        if role != "contributor":
            player.groups.add(Group.objects.get(name=role))
        client = client_of(player)
        for name, address in held:
            status = {client.get(address).status_code, client.post(address).status_code}
            assert (403 in status) == (role not in LAB), (role, name)


def test_visitors_are_asked_to_sign_in(run: TrainingRun, candidate: ModelVersion) -> None:
    for name, address in addresses(run, candidate):
        assert Client().get(address)["Location"].startswith("/account/login/"), name


def test_the_form_is_made_of_the_recipes_settings(browser: Client, frozen: Release) -> None:
    form = browser.get(reverse("lab_new_run")).context["form"]
    described = form.recipe.described()
    assert [field.name for field in form.basics] == [f"settings.{part.name}" for part in described if not part.advanced]
    assert [field.name for field in form.advanced] == [f"settings.{part.name}" for part in described if part.advanced]
    assert form["release"].value() == frozen.pk


def test_a_run_is_started_from_the_form(browser: Client, frozen: Release, researcher: Player) -> None:
    asked = {"release": frozen.pk, "base": "tiny", "device": "cpu", "seed": "3", "settings.steps": "7", "title": ""}
    answer = browser.post(reverse("lab_new_run"), asked)
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("lab_run", args=[run.pk])
    assert (run.recipe, run.settings["steps"], run.seed, run.device) == ("stickerclip", 7, 3, "cpu")
    assert (run.title, run.created_by) == (f"StickerCLIP: {frozen}", researcher)


def test_a_button_that_is_pressed_twice_starts_one_run(browser: Client, frozen: Release) -> None:
    asked = {"release": frozen.pk, "base": "tiny", "device": "cpu", "seed": "3"}
    first, second = (browser.post(reverse("lab_new_run"), asked) for _ in range(2))
    assert (first.status_code, second.status_code, TrainingRun.objects.count()) == (302, 400, 1)
    assert len(second.context["form"].non_field_errors()) == 1


def test_the_other_recipe_has_its_own_form(browser: Client, frozen: Release) -> None:
    asked = {"release": frozen.pk, "base": "tiny", "device": "cpu", "seed": "0", "settings.epochs": "2"}
    browser.post(reverse("lab_new_run") + "?recipe=querygen", asked)
    assert TrainingRun.objects.get().recipe == "querygen"


def test_what_is_wrong_stands_beside_its_field_and_starts_nothing(browser: Client, frozen: Release) -> None:
    asked = {"release": frozen.pk, "base": "/nowhere", "device": "cpu", "seed": "0", "settings.steps": "0"}
    answer = browser.post(reverse("lab_new_run"), asked)
    assert (answer.status_code, TrainingRun.objects.count()) == (400, 0)
    form = answer.context["form"]
    assert set(form.errors) == {"base", "settings.steps"}
    assert form["settings.steps"].value() == "0"
    assert form["base"].value() == "/nowhere"


def test_an_estimate_is_shown_and_nothing_starts(browser: Client, frozen: Release) -> None:
    asked = {"release": frozen.pk, "base": "tiny", "device": "cpu", "seed": "0"}
    answer = browser.post(reverse("lab_new_run"), asked | {"estimate": ""})
    assert answer.context["estimate"].seconds > 0
    told = browser.post(reverse("lab_estimate"), asked).json()
    assert told["seconds"] == answer.context["estimate"].seconds
    wrong = browser.post(reverse("lab_estimate"), asked | {"settings.steps": "many"}).json()
    assert list(wrong["problems"]) == ["settings.steps"]
    assert TrainingRun.objects.count() == 0


def test_the_buttons_of_a_run_call_its_verbs(browser: Client, run: TrainingRun) -> None:
    browser.post(reverse("lab_run_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    browser.post(reverse("lab_run_resume", args=[run.pk]))
    browser.post(reverse("lab_run_rename", args=[run.pk]), {"title": "Second try"})
    run.refresh_from_db()
    assert (run.state, run.title) == ("queued", "Second try")
    TrainingRun.objects.filter(pk=run.pk).update(state="done")
    browser.post(reverse("lab_run_remove-files", args=[run.pk]))
    run.refresh_from_db()
    assert run.purged_at is not None


def test_a_refused_button_says_why(browser: Client, run: TrainingRun) -> None:
    answer = browser.post(reverse("lab_run_resume", args=[run.pk]), follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["This job is not one that stopped."]


def test_the_list_is_sifted(browser: Client, run: TrainingRun, candidate: ModelVersion) -> None:
    def shown(sieve: str) -> list[int]:
        return [row["run"].pk for row in browser.get(reverse("lab_runs"), {"show": sieve}).context["rows"]]

    assert {sieve: shown(sieve) for sieve in lab.SIEVES} == {
        "": [run.pk], "under_way": [], "awaiting": [run.pk], "live": [], "stopped": [],
    }  # fmt: skip
    ModelVersion.objects.update(stage="champion")
    assert (shown("awaiting"), shown("live")) == ([], [run.pk])


def test_events_are_handed_on_from_a_position(browser: Client, run: TrainingRun) -> None:
    for step in (1, 2, 3):
        RunEvent.objects.create(run=run, position=step * 9, at=timezone.now(), kind="step", step=step, data={})
    told = browser.get(reverse("lab_run_events", args=[run.pk]), {"after": 9}).json()
    assert ([event["step"] for event in told["events"]], told["run"]["status"]) == ([2, 3], "queued")
    assert len(browser.get(reverse("lab_run_events", args=[run.pk]), {"after": "-1x"}).json()["events"]) == 3


def test_runs_are_compared_by_what_differs(browser: Client, run: TrainingRun, frozen: Release) -> None:
    other = runs.start(actor=None, recipe="stickerclip", release=frozen, base="tiny", settings={"steps": 9}, seed=4)
    better = REPORT | {"figures": [REPORT["figures"][0] | {"value": 0.8, "low": 0.75, "high": 0.85}]}  # type: ignore[index, operator]
    TrainingRun.objects.filter(pk=run.pk).update(report=REPORT)
    TrainingRun.objects.filter(pk=other.pk).update(report=better)
    context = browser.get(reverse("lab_compare"), {"run": [run.pk, other.pk, 999, "x"]}).context
    assert [name for name, _values in context["differing"]] == ["seed", "steps"]
    ((first, none), (second, difference)) = context["compared"][0].cells
    assert (first.value, none, second.value) == (0.4, None, 0.8)
    assert difference.value == pytest.approx(0.4)
    assert (difference.is_clear, round(difference.low, 3), context["rest"]) == (True, 0.288, [])


# --- models ---


def test_a_candidate_is_approved_with_a_reason_and_promoted(browser: Client, candidate: ModelVersion) -> None:
    page = reverse("lab_model", args=[candidate.pk])
    assert browser.get(page).context["may"]["approve"]
    refused = browser.post(reverse("lab_model_approve", args=[candidate.pk]), follow=True)
    assert [message.level_tag for message in refused.context["messages"]] == ["error"]
    browser.post(reverse("lab_model_approve", args=[candidate.pk]), {"why": "the first one"})
    assert browser.get(page).context["may"]["promote"]
    browser.post(reverse("lab_model_promote", args=[candidate.pk]))
    candidate.refresh_from_db()
    assert (candidate.state, candidate.why) == ("queued", "the first one")
    assert browser.get(reverse("lab_model_state", args=[candidate.pk])).json()["state"] == "queued"
    browser.post(reverse("lab_model_cancel", args=[candidate.pk]))
    candidate.refresh_from_db()
    assert (candidate.state, candidate.stage) == ("cancelled", "candidate")


def test_a_rolled_back_page_does_not_roll_back_twice(browser: Client, candidate: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=candidate.pk).update(stage="previous")
    answer = browser.post(reverse("lab_model_roll-back", args=[candidate.pk]), {"why": "slow"}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["This model is not live any more. Look again."]
    candidate.refresh_from_db()
    assert candidate.stage == "previous"


def test_a_model_is_turned_down(browser: Client, candidate: ModelVersion) -> None:
    browser.post(reverse("lab_model_reject", args=[candidate.pk]), {"why": "too small"})
    candidate.refresh_from_db()
    assert candidate.stage == "rejected"
    assert not any(browser.get(reverse("lab_model", args=[candidate.pk])).context["may"].values())


def test_a_card_is_handed_out(browser: Client, candidate: ModelVersion) -> None:
    answer = browser.get(reverse("lab_model_card", args=[candidate.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="model-{candidate.pk}.md"'
    assert answer.content.decode().startswith("---\nlibrary_name: sticktionary\n")


# --- search and lineage ---


@pytest.fixture
def _search_of_its_own() -> None:
    """Search lives in the process; each test's catalogue is another one."""
    catalogue_search.__init__()  # type: ignore[misc]
    tryout._beside.cache_clear()


@pytest.mark.usefixtures("_search_of_its_own")
def test_a_query_is_answered_side_by_side(browser: Client, frozen: Release, tmp_path: Path) -> None:
    Round.objects.update(state=Round.State.FOUND)
    version = registry.install(actor=None, source=str(colours.bundle(tmp_path / "bundle")), queue=False)
    assert jobs.carry_out(ModelVersion, version.pk, promotion.run)
    version.refresh_from_db()
    context = browser.get(reverse("lab_try"), {"q": "red circle", "left": "bm25", "right": version.name}).context
    words, looks = context["sides"]
    best = Sticker.objects.get(name="red-circle.webp")
    assert (words["title"], words["hits"][0]["hit"].id) == ("words alone (BM25)", best.pk)
    assert {each["hit"].dense_rank for each in words["hits"]} == {None}
    assert None not in {each["hit"].dense_rank for each in looks["hits"]}
    ranks = {each["hit"].id: each["hit"].rank for each in looks["hits"]}
    assert [each["elsewhere"] for each in words["hits"]] == [ranks.get(each["hit"].id) for each in words["hits"]]
    assert browser.get(reverse("lab_try"), {"q": "red", "left": "no such model"}).context["sides"] == []


@pytest.mark.usefixtures("_search_of_its_own")
def test_a_model_that_has_not_looked_is_refused_in_words(browser: Client, candidate: ModelVersion) -> None:
    with pytest.raises(Refused) as refused:
        tryout.search(candidate.name, "red", 5, language="en")
    assert refused.value.code == "not_embedded"


def test_what_became_of_a_query_is_told(browser: Client, run: TrainingRun) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(started_at=timezone.now())
    query = Query.objects.order_by("pk").first()
    assert query is not None
    context = browser.get(reverse("lab_query"), {"query": query.pk}).context
    assert (context["query"], [use.release for use in context["uses"]]) == (query, [run.release])
    assert browser.get(reverse("lab_query"), {"query": "9" * 18}).context["query"] is None


def test_every_page_is_behind_the_studio() -> None:
    named = {name for name in get_resolver().reverse_dict if isinstance(name, str) and name.startswith("lab")}
    assert named == {str(pattern.name) for module in MODULES for pattern in module.urlpatterns}


PAGES = {"lab": "home", "lab_runs": "runs", "lab_models": "models", "lab_tokens": "tokens", "lab_api": "api"}


def test_the_place_in_the_lab_is_marked(browser: Client) -> None:
    assert {name: browser.get(reverse(name)).context["here"] for name in PAGES} == PAGES


def test_all_that_recipes_say_is_there_to_be_translated() -> None:
    said = {text for recipe in recipes().values() for text in (recipe.title, recipe.about)}
    for part in (part for recipe in recipes().values() for part in recipe.described()):
        said |= {part.help, part.name.replace("_", " ").capitalize()}
    assert set(lab_help.TEXTS) == said


def test_a_table_has_the_chance_of_what_was_measured_and_not_of_a_difference() -> None:
    figures = [candidates.figure("fine-tuned", 0.5), replace(candidates.figure("gain", 0.2), chance=0.0)]
    [table] = lab_figures.tables(Report("stickerclip", (candidates.TASK, "fine-tuned", "all", "mrr"), figures))
    assert table.chance == [0.1]

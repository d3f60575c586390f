from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.releases import publishing
from sticktionary.models import AuditEntry, Player, Publication, Release
from tests.releases_documents.conftest import TOKEN, frozen
from tests.releases_documents.servers import Hub, Zenodo

pytestmark = pytest.mark.django_db(transaction=True)


def player(role: str = "") -> Player:
    held = Player.objects.create(username=role or "pat", name_key=role or "pat")
    if role:
        held.groups.add(Group.objects.get(name=role))
    return held


@pytest.fixture
def tokens(settings: Any) -> None:
    settings.HF_TOKEN = settings.ZENODO_TOKEN = TOKEN


@pytest.mark.parametrize("role", ["", "moderator", "reviewer", "researcher"])
def test_only_publishers_publish(settings: Any, tokens: None, role: str) -> None:
    with pytest.raises(NotAllowed):
        publishing.publish(actor=player(role), release=frozen(settings), target="zenodo")
    assert Publication.objects.count() == 0


@pytest.mark.parametrize("role", ["publisher", "admin"])
def test_who_asked_for_it_is_written_down(settings: Any, tokens: None, role: str) -> None:
    actor, release = player(role), frozen(settings)
    job = publishing.publish(actor=actor, release=release, target="hub", name=" ada/stickers ")
    assert (job.state, job.target, job.name, job.created_by) == ("queued", "hub", "ada/stickers", actor)
    detail = {"target": "hub", "name": "ada/stickers", "publication": job.pk}
    assert list(AuditEntry.objects.values_list("actor", "verb", "subject", "detail")) == [
        (actor.pk, "publish_release", f"release {release.pk}", detail)
    ]


@pytest.mark.parametrize("name", ["", "stickers", "ada/", "/stickers", "a/b/c", "ada/../x", "ada/st ickers", "阿达/x"])
def test_a_repository_that_cannot_be_one_is_refused(settings: Any, tokens: None, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        publishing.publish(actor=None, release=frozen(settings), target="hub", name=name)
    assert refusal.value.code == "bad_name"


@pytest.mark.parametrize(("target", "variable"), [("hub", "HF_TOKEN"), ("zenodo", "ZENODO_TOKEN")])
def test_without_a_token_it_says_which_one_to_set(settings: Any, target: str, variable: str) -> None:
    settings.HF_TOKEN = settings.ZENODO_TOKEN = ""
    with pytest.raises(Refused) as refusal:
        publishing.publish(actor=None, release=frozen(settings), target=target, name="ada/stickers")
    assert refusal.value.message == f"The server has no token for it: set {variable}."


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"state": "running"}, "not_frozen"), ({"number": None}, "not_frozen"), ({"withdrawn_at": "now"}, "withdrawn")],
)
def test_what_is_not_whole_or_was_withdrawn_is_not_sent(
    settings: Any, tokens: None, changes: dict[str, Any], code: str
) -> None:
    release = frozen(settings)
    held = {name: timezone.now() if value == "now" else value for name, value in changes.items()}
    Release.objects.filter(pk=release.pk).update(**held)
    with pytest.raises(Refused) as refusal:
        publishing.publish(actor=None, release=release, target="zenodo")
    assert refusal.value.code == code


def test_a_release_that_is_withdrawn_while_it_waits_is_not_sent(settings: Any, hub: Hub) -> None:
    from sticktionary.domain import jobs

    release = frozen(settings)
    job = publishing.publish(actor=None, release=release, target="hub", name="ada/stickers")
    Release.objects.update(withdrawn_at=timezone.now())
    jobs.carry_out(Publication, job.pk, publishing.run)
    job.refresh_from_db()
    assert (job.state, job.error, hub.calls) == ("failed", "This release was withdrawn.", [])


def test_the_same_way_is_not_taken_twice_at_once(settings: Any, tokens: None) -> None:
    release = frozen(settings)
    publishing.publish(actor=None, release=release, target="hub", name="ada/stickers")
    publishing.publish(actor=None, release=release, target="zenodo")
    publishing.publish(actor=None, release=release, target="hub", name="ada/others")
    for target, name in (("hub", "ada/stickers"), ("zenodo", "")):
        with pytest.raises(Refused) as refusal:
            publishing.publish(actor=None, release=release, target=target, name=name)
        assert refusal.value.code == "under_way"


def test_an_unknown_place_is_refused(settings: Any, tokens: None) -> None:
    with pytest.raises(Refused) as refusal:
        publishing.publish(actor=None, release=frozen(settings), target="fax")
    assert refusal.value.code == "unknown_target"


# --- the command ---


def test_the_command_sends_and_says_where(settings: Any, hub: Hub) -> None:
    frozen(settings)
    out = StringIO()
    call_command("publish_release", "1", to="hub:ada/stickers", wait=True, stdout=out)
    assert out.getvalue() == f"{hub.url}/datasets/ada/stickers/tree/1\n"
    assert list(hub.repos["ada/stickers"].tags) == ["1"]


def test_the_command_leaves_it_to_a_worker(settings: Any, zenodo: Zenodo) -> None:
    frozen(settings)
    out = StringIO()
    call_command("publish_release", "1", to="zenodo", stdout=out)
    job = Publication.objects.get()
    assert out.getvalue() == f"Release 1 is on its way; publication {job.pk} says how far.\n"
    assert (job.state, zenodo.calls) == ("queued", [])


def test_the_command_says_what_is_wrong(settings: Any, hub: Hub) -> None:
    with pytest.raises(CommandError, match="There is no release 5"):
        call_command("publish_release", "5", to="zenodo")
    frozen(settings)
    settings.HF_TOKEN = "wrong"  # noqa: S105
    with pytest.raises(CommandError, match=r"does not know the token\. Give the command again to go on\."):
        call_command("publish_release", "1", to="hub:ada/stickers", wait=True)

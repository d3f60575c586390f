"""The part of a release's page that sends it somewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sticktionary.domain import jobs
from sticktionary.domain.releases import publishing
from sticktionary.models import AuditEntry, Player, Publication, Release
from tests.releases_documents.conftest import TOKEN, frozen
from tests.releases_documents.servers import Zenodo

pytestmark = pytest.mark.django_db(transaction=True)
PUBLISHERS = {"publisher", "admin"}


def client(role: str) -> Client:
    player = Player.objects.create(username=role, name_key=role)
    if role != "contributor":
        player.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(player, configured.AUTHENTICATION_BACKENDS[0])
    return browser


@pytest.fixture
def release(settings: Any) -> Release:
    settings.HF_TOKEN = settings.ZENODO_TOKEN = TOKEN
    return frozen(settings)


def page(browser: Client, release: Release) -> str:
    response = browser.get(reverse("studio_release", args=[release.pk]))
    assert response.status_code == 200
    return response.content.decode()


def forms(text: str) -> list[str]:
    return [action for action in re.findall(r'<form[^>]* action="([^"]+)"', text) if "/publish/" in action]


@pytest.mark.parametrize("role", ["contributor", "reviewer", "moderator", "researcher", "publisher", "admin"])
def test_only_publishers_send_stop_and_take_up(release: Release, role: str) -> None:
    job = publishing.publish(actor=None, release=release, target="hub", name="ada/stickers")
    browser = client(role)
    acts = [reverse("studio_publish", args=[release.pk])]
    acts += [reverse(f"studio_publication_{act}", args=[job.pk]) for act in ("cancel", "resume")]
    statuses = [browser.post(act, {"target": "zenodo"}).status_code for act in acts]
    assert statuses == [302 if role in PUBLISHERS else 403] * 3
    told = browser.get(reverse("studio_publication_state", args=[job.pk])).status_code
    assert told == (200 if role in PUBLISHERS | {"researcher"} else 403)
    assert Publication.objects.count() == (2 if role in PUBLISHERS else 1)


def test_strangers_are_sent_to_sign_in(release: Release) -> None:
    assert Client().post(reverse("studio_publish", args=[release.pk])).status_code == 302
    assert Publication.objects.count() == 0


def test_it_is_sent_from_the_page_and_shown_there(release: Release, zenodo: Zenodo) -> None:
    browser = client("publisher")
    sent = browser.post(reverse("studio_publish", args=[release.pk]), {"target": "zenodo"})
    assert sent.headers["Location"] == reverse("studio_release", args=[release.pk])
    job = Publication.objects.get()
    assert forms(page(browser, release))[0] == reverse("studio_publication_cancel", args=[job.pk])
    assert jobs.carry_out(Publication, job.pk, publishing.run)
    told = browser.get(reverse("studio_publication_state", args=[job.pk])).json()
    assert (told["state"], told["is_over"]) == ("done", True)
    assert f'href="{zenodo.url}/deposit/1"' in page(browser, release)


def test_what_is_refused_is_said_on_the_page(release: Release) -> None:
    browser = client("publisher")
    response = browser.post(reverse("studio_publish", args=[release.pk]), {"target": "hub", "name": "no name"})
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert said == ["A repository is written as owner/name, in letters, digits, dots and dashes."]


def test_what_stopped_is_taken_up_again_by_somebody_who_is_named(release: Release) -> None:
    job = publishing.publish(actor=None, release=release, target="hub", name="ada/stickers")
    browser = client("publisher")
    browser.post(reverse("studio_publication_cancel", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == "cancelled"
    browser.post(reverse("studio_publication_resume", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == "queued"
    verbs = AuditEntry.objects.filter(actor__username="publisher").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["cancel_publication", "resume_publication"]


def test_a_withdrawn_release_offers_no_way_out(release: Release) -> None:
    Release.objects.update(withdrawn_at=timezone.now())
    assert forms(page(client("publisher"), release)) == []


def test_without_tokens_the_page_says_which_to_set(release: Release, settings: Any) -> None:
    settings.HF_TOKEN = settings.ZENODO_TOKEN = ""
    text = page(client("publisher"), release)
    assert [name for name in ("HF_TOKEN", "ZENODO_TOKEN") if f": set {name} on the server." not in text] == []
    assert TOKEN not in text


def test_a_researcher_sees_how_far_it_is_and_no_buttons(release: Release) -> None:
    publishing.publish(actor=None, release=release, target="hub", name="ada/stickers")
    text = page(client("researcher"), release)
    assert "ada/stickers" in text
    assert forms(text) == []

"""Each role sees what it may look at and is offered what it may do: these sets, and nothing beyond them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse

from tests.desk.conftest import ROLES, one_of_each
from tests.people.conftest import Play, client_of, make_player

PLAY = {"pack", "sticker", "round", "retrieval"}
REVIEW = {"case", "judgement", "ruling", "samestickers", "flag", "annotation", "reply", "settlement", "conversation"}
QUALITY = {"playerquality", "stickerdifficulty", "gold", "sanction", "ruleset", "abusiveword"}
RELEASES = {"release", "publication", "tombstone", "exportjob", "conversation", "annotation", "reply", "settlement"}
EVERYTHING = {str(model._meta.model_name) for model in django_admin.site._registry}
MAY_LOOK = {
    "contributor": set(),
    "moderator": PLAY | REVIEW | QUALITY | {"skip", "player", "auditentry", "notice"},
    "reviewer": PLAY | REVIEW | {"skip"},
    "publisher": PLAY | RELEASES,
    "researcher": PLAY | RELEASES | {"modelversion", "trainingrun", "generatedquery", "conversationimport"},
    "admin": EVERYTHING,
}
STICKERS = {"put_active", "put_halted", "put_withdrawn"}
PACKS = {"put_in_play", "take_out_of_play"}
MAY_DO = {
    "moderator": STICKERS | PACKS,
    "reviewer": set(),
    "publisher": set(),
    "researcher": set(),
    "admin": STICKERS | PACKS | {"let_pictures_out", "keep_pictures_in"},
}
ALL_VERBS = {"grant", "revoke", "language", "sanction", "lift", "block", "unblock", "reset"}
MAY_DECIDE = {"moderator": {"sanction", "lift"}, "admin": ALL_VERBS}


def status(client: Client, address: str) -> int:
    return client.get(address).status_code


@pytest.mark.parametrize("role", MAY_LOOK)
def test_the_lists_and_pages_a_role_may_look_at(staff: Callable[[str], Client], play: Play, role: str) -> None:
    one_of_each(play, 0)
    client, seen = staff(role), {"changelist": set[str](), "change": set[str](), "history": set[str]()}
    for model in django_admin.site._registry:
        name, row = str(model._meta.model_name), model._default_manager.first()
        assert row is not None, name
        for page, names in seen.items():
            told = [] if page == "changelist" else [row.pk]
            if status(client, reverse(f"admin:sticktionary_{name}_{page}", args=told)) == 200:
                names.add(name)
    assert seen == dict.fromkeys(seen, MAY_LOOK[role])


@pytest.mark.parametrize("role", ROLES)
def test_nobody_adds_or_deletes(staff: Callable[[str], Client], play: Play, role: str) -> None:
    one_of_each(play, 0)
    client = staff(role)
    for model in django_admin.site._registry:
        name, row = str(model._meta.model_name), model._default_manager.first()
        assert status(client, reverse(f"admin:sticktionary_{name}_add")) == 403, name
        assert row is not None, name
        assert status(client, reverse(f"admin:sticktionary_{name}_delete", args=[row.pk])) == 403, name
        change = reverse(f"admin:sticktionary_{name}_change", args=[row.pk])
        assert client.post(change, {"name": "other"}).status_code == 403, name


@pytest.mark.parametrize("role", ROLES)
def test_the_actions_a_role_is_offered(staff: Callable[[str], Client], play: Play, role: str) -> None:
    play.sticker()
    client = staff(role)
    offered = set()
    for model in ("sticker", "pack"):
        page = client.get(reverse(f"admin:sticktionary_{model}_changelist")).content.decode()
        offered |= set(re.findall(r'<option value="(\w+)"', page))
    assert offered == MAY_DO[role]


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_decide_about_a_player(staff: Callable[[str], Client], role: str) -> None:
    subject, client = make_player("subject"), staff(role)
    verbs = {
        verb: status(client, reverse("admin:sticktionary_player_verb", args=[subject.pk, verb])) for verb in ALL_VERBS
    }
    assert {verb for verb, said in verbs.items() if said == 200} == MAY_DECIDE.get(role, set())
    assert {said for verb, said in verbs.items() if said != 200} <= {403}


@pytest.mark.parametrize("role", ROLES)
def test_the_way_through_leads_where_the_role_may_go(staff: Callable[[str], Client], role: str) -> None:
    client = staff(role)
    page = client.get("/admin/").content.decode()
    sections = page[page.index('id="sections"') : page.index("</nav>")]
    addresses = set(re.findall(r'href="([^"]+)"', sections))
    assert {address for address in addresses if status(client, address) != 200} == set()
    lists = {match for address in addresses for match in re.findall(r"/admin/sticktionary/(\w+)/", address)}
    assert lists == MAY_LOOK[role]


def test_the_desk_is_no_place_for_players(staff: Callable[[str], Client]) -> None:
    assert staff("contributor").get("/admin/", follow=True).status_code == 403
    assert status(client_of(None), "/admin/") == 302

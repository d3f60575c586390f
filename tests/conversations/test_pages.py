from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sticktionary.domain import jobs
from sticktionary.domain.chats.conversations import run
from sticktionary.domain.people import accounts
from sticktionary.models import Annotation, Conversation, ConversationImport, Player, Sticker, Utterance
from tests.conversations.conftest import Importer, chat, make_sticker, small_chat, turn


@pytest.fixture
def client(client: Client, admin: Player) -> Client:
    client.force_login(admin)
    return client


def upload(*rows: object) -> SimpleUploadedFile:
    return SimpleUploadedFile("chats.jsonl", "\n".join(map(json.dumps, rows)).encode())


GIVEN = {"source": "a club", "licence": "CC0"}


def carried_out() -> ConversationImport:
    job = ConversationImport.objects.latest("pk")
    assert jobs.carry_out(ConversationImport, job.pk, run)
    job.refresh_from_db()
    return job


def test_a_dry_run_then_the_import_without_sending_the_file_again(client: Client, hug: Sticker) -> None:
    page = reverse("studio_import_conversations")
    answer = client.post(page, {**GIVEN, "file": upload(small_chat("a")), "dry_run": "on", "key_prefix": "p-"})
    dry_run = carried_out()
    assert answer.headers["Location"] == reverse("studio_conversation_import", args=[dry_run.pk])
    assert (dry_run.state, dry_run.is_dry_run, Conversation.objects.count()) == ("done", True, 0)
    assert Path(dry_run.path).stat().st_mode & 0o777 == 0o600
    assert f"{page}?checked={dry_run.pk}" in client.get(answer.headers["Location"]).content.decode()
    again = client.get(page, {"checked": dry_run.pk})
    assert again.context["form"].initial["key_prefix"] == "p-"
    client.post(f"{page}?checked={dry_run.pk}", {**GIVEN, "key_prefix": "p-"})
    job = carried_out()
    assert (job.state, job.label) == ("done", "chats.jsonl")
    assert list(Conversation.objects.values_list("key", "source", "licence")) == [("p-a", "a club", "CC0")]
    report = client.get(reverse("studio_conversation_import", args=[job.pk])).context["report"]
    assert (report["n_conversations"], report["n_turns"], report["n_stickers"]) == (1, 2, 1)


def test_what_the_form_refuses(client: Client, settings: Any, db: None) -> None:
    page = reverse("studio_import_conversations")
    answer = client.post(page, GIVEN)
    assert (answer.status_code, answer.context["form"].errors["file"]) == (400, ["Choose a file first."])
    answer = client.post(page, {"file": upload(small_chat("a")), "least_words": -1})
    assert answer.context["form"].errors.keys() == {"source", "licence", "least_words"}
    settings.MAX_UPLOAD_MB = 0
    answer = client.post(page, {**GIVEN, "file": upload(small_chat("a"))})
    assert answer.context["form"].errors["file"] == ["The file is larger than 0 MB."]
    assert not ConversationImport.objects.exists()


def test_a_report_names_bad_lines_and_the_import_goes_on_when_its_reason_is_gone(client: Client, db: None) -> None:
    client.post(reverse("studio_import_conversations"), {**GIVEN, "file": upload(small_chat("a"))})
    job = carried_out()
    page = reverse("studio_conversation_import", args=[job.pk])
    shown = client.get(page)
    assert shown.context["report"]["bad"] == [[1, "There is no sticker hug.png."]]
    assert "There is no sticker hug.png." in shown.content.decode()
    make_sticker("hug.png")
    assert client.post(reverse("studio_conversation_import_resume", args=[job.pk])).headers["Location"] == page
    assert (carried_out().state, Conversation.objects.count()) == ("done", 1)


def test_the_good_part_is_imported_without_sending_the_file_again(client: Client, hug: Sticker) -> None:
    page = reverse("studio_import_conversations")
    client.post(page, {**GIVEN, "file": upload(small_chat("a"), chat("b", turn("x", sticker_id="gone.png")))})
    stopped = carried_out()
    assert stopped.state == "failed"
    form = client.get(page, {"checked": stopped.pk}).context["form"]
    assert (form.initial["skip_bad"], form.initial["source"]) == (True, "a club")
    client.post(f"{page}?checked={stopped.pk}", {**GIVEN, "skip_bad": "on"})
    assert (carried_out().state, Conversation.objects.get().key) == ("done", "a")


def test_a_waiting_import_is_cancelled(client: Client, hug: Sticker) -> None:
    client.post(reverse("studio_import_conversations"), {**GIVEN, "file": upload(small_chat("a"))})
    job = ConversationImport.objects.get()
    client.post(reverse("studio_conversation_import_cancel", args=[job.pk]))
    state = client.get(reverse("studio_conversation_import_state", args=[job.pk])).json()
    assert state == {"state": "cancelled", "n_done": 0, "n_total": 0, "is_over": True}
    again = client.post(reverse("studio_conversation_import_cancel", args=[job.pk]), follow=True)
    assert [str(message) for message in again.context["messages"]] == ["This job is over already."]


def test_the_list_counts_and_is_told_by_language(client: Client, imported: Importer, hug: Sticker) -> None:
    imported(small_chat("a"), chat("b", turn("x", "累了"), lang="zh"))
    page = client.get(reverse("studio_conversations"))
    counts = {c.key: (c.n_sessions, c.n_turns, c.n_stickers) for c in page.context["page"]}
    assert counts == {"a": (1, 2, 1), "b": (1, 1, 0)}
    page = client.get(reverse("studio_conversations"), {"language": "zh"})
    assert [c.key for c in page.context["page"]] == ["b"]


def test_a_chat_is_shown_with_its_stickers_and_what_was_said_of_them(
    client: Client, imported: Importer, hug: Sticker, cry: Sticker, admin: Player
) -> None:
    imported(
        chat(
            "a",
            turn("anna", "<b>so tired</b>"),
            turn("ben", sticker_id="hug.png"),
            turn("ben", "x", sticker_id="cry.png"),
        )
    )
    cry.state = "withdrawn"
    cry.save()
    use = Utterance.objects.get(sticker=hug)
    other = Player.objects.create(username="other")
    answers: list[tuple[str, Player, dict[str, object]]] = [
        ("fits", admin, {"ok": True, "score": 4}),
        ("fits", other, {"ok": False, "score": 2}),
    ]
    answers += [("intent", admin, {"fine": "caring", "coarse": "positive", "second": None})]
    for task, player, value in answers:
        facts = {"sticker": hug, "utterance": use, "player": player, "language": "en", "state": "answered"}
        now = timezone.now()
        Annotation.objects.create(task=task, value=value, dealt_at=now, lease_until=now, answered_at=now, **facts)
    page = client.get(reverse("studio_conversation", args=[Conversation.objects.get().pk]))
    turns = page.context["turns"]
    assert [(shown.sticker, shown.is_withdrawn, shown.begins) for shown in turns] == [
        (None, False, True),
        (hug, False, False),
        (None, True, False),
    ]
    said = [(said.task, said.text, said.n, said.of) for said in turns[1].said]
    assert said == [
        ("does it fit the chat", "yes", 1, 2),
        ("does it fit the chat", "no", 1, 2),
        ("intent in a chat", "Caring", 1, 1),
    ]
    html = page.content.decode()
    assert "&lt;b&gt;so tired" in html
    assert hug.poster in html
    assert cry.poster not in html


def test_a_conversation_is_taken_back_with_a_reason(client: Client, imported: Importer, hug: Sticker) -> None:
    imported(small_chat("a"))
    id = Conversation.objects.get().pk
    client.post(reverse("studio_take_back_conversation", args=[id]), {"why": ""})
    assert Conversation.objects.get().is_active
    client.post(reverse("studio_take_back_conversation", args=[id]), {"why": "ben asked", "erase": "1"})
    assert not Conversation.objects.get().is_active
    assert set(Utterance.objects.values_list("text", flat=True)) == {""}
    assert client.get(reverse("studio_conversation", args=[id])).status_code == 200


LOOK = {"moderator", "reviewer", "publisher", "researcher", "admin"}
IMPORT = {"researcher", "admin"}
ROLES = ("", "moderator", "reviewer", "publisher", "researcher", "admin")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_what_it_may(role: str, imported: Importer, hug: Sticker) -> None:
    imported(small_chat("a"))
    player = Player.objects.create(username="somebody")
    accounts.give_consent(player_id=player.pk, language="en")
    player.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(player)
    chat_id, job_id = Conversation.objects.get().pk, ConversationImport.objects.get().pk
    looks = [reverse("studio_conversations"), reverse("studio_conversation", args=[chat_id])]
    assert {client.get(page).status_code for page in looks} == {200 if role in LOOK else 403}
    job_pages = [reverse(f"studio_conversation_import{name}", args=[job_id]) for name in ("", "_state")]
    pages = [reverse("studio_import_conversations"), *job_pages]
    assert {client.get(page).status_code for page in pages} == {200 if role in IMPORT else 403}
    posts = [reverse("studio_take_back_conversation", args=[chat_id]), reverse("studio_import_conversations")]
    posts += [reverse(f"studio_conversation_import_{name}", args=[job_id]) for name in ("cancel", "resume")]
    statuses = {client.post(page).status_code for page in posts}
    assert statuses == ({302, 400} if role in IMPORT else {403})

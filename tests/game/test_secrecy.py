"""Nothing that reaches a retriever before the answer tells the target apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from sticktionary.asgi import application
from sticktionary.domain.play import candidates, dealing
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import FindTurn
from sticktionary.models import Player, Retrieval, Round, Sticker, Turn
from tests.game.conftest import make_player, make_sticker
from tests.game.page import client_of, page_of

FIELDS = {
    "kind", "lease", "lease_until", "queries", "candidates", "can_wait", "practice", "writer", "suggestions", "coach",
}  # fmt: skip


def find_turn(player: Player) -> tuple[FindTurn, Retrieval]:
    """A page to look up; pages to write on are put away."""
    while True:
        dealing.deal(player_id=player.pk)
        turn = Turn.objects.select_related("retrieval__round__sticker").get(
            sitting__player=player, state=Turn.State.PLAYING
        )
        if turn.retrieval:
            shown = snapshot_for(player.pk).turn
            assert isinstance(shown, FindTurn)
            return shown, turn.retrieval
        Turn.objects.filter(pk=turn.pk).update(state=Turn.State.DROPPED)


def put_away(retrieval: Retrieval) -> None:
    Turn.objects.filter(retrieval=retrieval).update(state=Turn.State.DROPPED)


@pytest.mark.django_db
def test_a_page_holds_its_queries_and_letters_and_no_more(stickers: list[Sticker], ben: Player) -> None:
    turn, retrieval = find_turn(ben)
    page: dict[str, Any] = json.loads(msgspec.json.encode(turn))
    assert set(page) == FIELDS
    for number, query in enumerate(page["queries"], start=1):
        assert (query["id"], set(query), query["nudges"]) == (number, {"id", "text", "nudges"}, [])
    for letter, candidate in zip("abcdefghijklmnopqrstuvwx", page["candidates"], strict=True):
        address = f"/plates/{retrieval.public_id}/{letter}"
        assert candidate == {
            "image": f"{address}.webp", "poster": f"{address}.still.webp", "alt": "", "moves": False,
        }  # fmt: skip
    sticker = retrieval.round.sticker
    frame = json.dumps(page)
    for secret in (
        sticker.name,
        sticker.image,
        sticker.poster,
        sticker.sha256,
        sticker.perceptual_hash,
        sticker.pack.slug,
    ):
        assert secret not in frame
    numbers = {int(number) for number in re.findall(r"(?<![\w.-])\d+(?![\w.-])", frame)}
    assert not numbers & {sticker.pk, retrieval.pk, retrieval.round_id} - set(range(1, 6))


@pytest.mark.django_db
def test_the_target_may_stand_anywhere(stickers: list[Sticker]) -> None:
    places: Counter[int] = Counter()
    n_absent = 0
    target, texts = stickers[3], ["so done with today"]
    reader = make_player("reader")
    for _ in range(480):
        shown, absent = candidates.draw(target, texts, reader.pk, may_be_absent=True)
        assert len(shown) == 24
        n_absent += absent
        if not absent:
            places[shown.index(target.pk)] += 1
    n = sum(places.values())
    expected = n / 24
    chi_square = sum((places[place] - expected) ** 2 / expected for place in range(24))
    assert chi_square < 59  # of 23 degrees of freedom: exceeded once in 20,000 runs
    assert 12 <= n_absent <= 72  # of 480 at 8 %: outside once in 100,000


@pytest.mark.django_db
def test_neighbours_of_the_target_say_nothing_of_its_place(stickers: list[Sticker]) -> None:
    """The order is shuffled as a whole: the target follows a given other one as often as it comes before it."""
    target, other, reader = stickers[3], stickers[4], make_player("reader")
    before = after = 0
    for _ in range(200):
        shown, _absent = candidates.draw(target, ["monday again"], reader.pk, may_be_absent=False)
        if other.pk in shown:
            before += shown.index(other.pk) < shown.index(target.pk)
            after += shown.index(other.pk) > shown.index(target.pk)
    assert abs(before - after) < 5 * (before + after) ** 0.5


@pytest.mark.django_db
def test_candidates_are_rather_those_the_player_has_not_seen() -> None:
    """An answer is never asked for twice, so a sticker one has seen would be known not to be the target."""
    stickers = [make_sticker(number, queries=2, image="x", poster="x") for number in range(60)]
    reader = make_player("reader")
    seen = stickers[:20]
    for sticker in seen:
        Round.objects.create(sticker=sticker, language="en", labeler=reader, dealt_at=sticker.created_at)
    shown, _ = candidates.draw(stickers[40], ["monday again"], reader.pk, may_be_absent=False)
    assert not {sticker.pk for sticker in seen} & set(shown)


def headers_of(client: Client, address: str) -> dict[str, str]:
    answer = client.get(address)
    assert answer.status_code == 200
    return {name: value for name, value in answer.headers.items() if name != "Content-Length"}


@pytest.mark.django_db
def test_every_candidate_is_answered_with_the_same_headers(stickers: list[Sticker], ben: Player) -> None:
    turn, retrieval = find_turn(ben)
    client = client_of(ben)
    seen = {json.dumps(headers_of(client, picture.image), sort_keys=True) for picture in turn.candidates}
    (headers,) = map(json.loads, seen)
    assert headers["Cache-Control"] == "private, max-age=3600"
    assert headers["Content-Type"] == "image/webp"
    assert not {"ETag", "Last-Modified", "Content-Disposition", "Expires"} & set(headers)
    names = [Sticker.objects.get(pk=pk).image for pk in retrieval.candidates]
    for name, picture in zip(names, turn.candidates, strict=True):
        assert client.get(picture.image).content == client.get(picture.poster).content
        assert name not in picture.image


@pytest.mark.django_db
def test_candidates_are_for_the_retrievals_own_player_alone(stickers: list[Sticker], ben: Player, anna: Player) -> None:
    turn, _ = find_turn(ben)
    address = turn.candidates[0].image
    assert client_of(ben).get(address).status_code == 200
    assert client_of(anna).get(address).status_code == 404
    assert client_of(make_player("boss", is_superuser=True, is_staff=True)).get(address).status_code == 404
    assert Client().get(address).status_code in {302, 401, 403, 404}
    assert client_of(ben).get(address.replace("/a.webp", "/y.webp")).status_code == 404
    assert client_of(ben).get(re.sub(r"[0-9a-f]{8}-", "00000000-", address)).status_code == 404
    assert client_of(ben).post(address).status_code == 405


async def over_asgi(path: str, player: Player | None, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    """The same image as uvicorn would serve it."""
    headers = []
    if player is not None:
        client = await sync_to_async(client_of)(player)
        headers = [(b"cookie", f"sessionid={client.session.session_key}".encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request", "body": b""})
    start = await asked.receive_output(5)
    body = await asked.receive_output(5)
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.django_db(transaction=True)
async def test_the_lane_answers_as_the_view_does(transactional_db: None) -> None:
    ben, anna = await sync_to_async(make_player)("ben"), await sync_to_async(make_player)("anna")
    await sync_to_async(lambda: [make_sticker(number, queries=2) for number in range(1, 27)])()
    turn, _ = await sync_to_async(find_turn)(ben)
    client = await sync_to_async(client_of)(ben)
    heads = set()
    for picture in turn.candidates:
        status, headers, body = await over_asgi(picture.image, ben)
        assert (status, body) == (200, (await sync_to_async(client.get)(picture.image)).content)
        assert headers.pop(b"content-length") == str(len(body)).encode()
        heads.add(tuple(sorted(headers.items())))
    ((*head,),) = heads
    assert dict(head) == {
        b"content-type": b"image/webp", b"cache-control": b"private, max-age=3600",
        b"x-content-type-options": b"nosniff",
    }  # fmt: skip
    address = turn.candidates[0].image
    for player, method in [(anna, "GET"), (None, "GET"), (ben, "POST")]:
        assert (await over_asgi(address, player, method))[0] == 404
    assert (await over_asgi(address, ben, "HEAD"))[2] == b""


@pytest.mark.django_db(transaction=True)
async def test_no_frame_of_a_whole_page_names_the_target_before_the_answer(transactional_db: None) -> None:
    ben = await sync_to_async(make_player)("ben")
    await sync_to_async(lambda: [make_sticker(number, queries=2) for number in range(1001, 1027)])()
    async with page_of(ben) as page:
        await page.move("deal")
        retrieval = await sync_to_async(
            lambda: Retrieval.objects.select_related("round__sticker__pack").get(player=ben)
        )()
        target = retrieval.round.sticker
        await page.play("suggest", candidate="b", text="my inner goblin")
        await page.play("suggest", candidate="c", text="so done with today")
        await page.play("gave_away", query=1)
        await page.play("wait")
        await page.play("add_query", text="where is it")
        await page.say(type="preview", lease=page.turn["lease"], number=1, text="so done with today")
        await page.hear_until("refused")
        before = "".join(page.frames)
        for secret in (target.name, target.image, target.sha256, target.perceptual_hash):
            assert secret not in before
        assert page.turn["kind"] == "find"
        await page.play("answer", picks=[])
        if not retrieval.target_absent:
            assert target.image in page.frames[-1]

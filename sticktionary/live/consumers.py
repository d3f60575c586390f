"""The game's socket: frames in, verbs, frames out. Decides nothing.

A page that was closed with one of the codes below should say why instead of connecting again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from sticktionary.domain.database import in_database
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.events import group_of, spoken_by
from sticktionary.domain.lab import shadowing
from sticktionary.domain.people.admission import admit, player_of
from sticktionary.domain.play import dealing, labelling, machine
from sticktionary.domain.play.dealing import WAIT
from sticktionary.domain.play.sitting import snapshot_of
from sticktionary.domain.play.snapshot import LabelTurn, Snapshot, Waiting
from sticktionary.domain.reply_round import searching
from sticktionary.domain.search.following import freshness
from sticktionary.live import protocol
from sticktionary.live.limits import Bucket
from sticktionary.live.moves import Outcome, carry_out
from sticktionary.live.previews import SEARCH, Previews
from sticktionary.models import Player

MALFORMED = 4400  # frames this server does not speak
SIGNED_OUT = 4401
NOT_ADMITTED = 4403  # blocked for a reason they can read, or has yet to agree to the consent text
TOO_FAST = 4429
BROKEN = 4500
NOT_UNDERSTOOD = gettext_noop("The game did not understand that. Reload the page.")
FASTER_THAN_ANYBODY = gettext_noop("That is too fast. Wait a moment.")
DID_NOT_WORK = gettext_noop("That did not work. Try again in a moment.")
OUT_OF_DATE = {"went_to_others", "sticker_gone", "turn_over", "other_queries", "no_such_query"}  # what the page shows
EDITIONS = {"en": "en", "zh": "zh-hans"}
log = logging.getLogger(__name__)
T = TypeVar("T")


class PlayConsumer(AsyncWebsocketConsumer):
    is_in = False  # from when the player is known until the socket is closed

    async def connect(self) -> None:
        await self.accept()  # a close code reaches the page only after this
        user = self.scope["user"]
        if user is None or not user.is_authenticated:
            await self.close(SIGNED_OUT)
            return
        self.player_id: int = user.pk
        self.edition = EDITIONS[user.language]
        self.previews = Previews(self._hand)
        self.desk: labelling.Desk | None = None
        self.chat: searching.Desk | None = None
        self.has_agreed = self.is_stale = False
        self.telling: asyncio.Task[None] | None = None
        self.newest: Snapshot | None = None
        self.nudging: asyncio.Task[None] | None = None
        self.guesses = set[asyncio.Task[None]]()
        self.previews_allowed, self.moves_allowed = Bucket(per_s=12, burst=40), Bucket(per_s=5, burst=40)
        self.patience = Bucket(per_s=0.2, burst=20)
        self.is_in = True
        await self.channel_layer.group_add(group_of(self.player_id), self.channel_name)
        await self._show()
        await freshness.keep()

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "previews"):
            return
        self.is_in = False
        await self.channel_layer.group_discard(group_of(self.player_id), self.channel_name)
        self.previews.stop()
        self._nudge(None)
        await self.previews.write_down()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """What breaks here ends the socket at once, so that the page connects again: channels would first wait for its
        own read, which may not end after Redis was restarted."""
        try:
            await super().dispatch(message)
        except StopConsumer:
            raise
        except Exception:
            with suppress(Exception):
                await self._leave(BROKEN)
            raise

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.is_in:
            return
        if text_data is None:
            await self._leave(MALFORMED)
            return
        try:
            message = protocol.parse(text_data)
        except (msgspec.DecodeError, ValueError, RecursionError):
            await self._warn("malformed", NOT_UNDERSTOOD, MALFORMED)
        else:
            await self._handle(message)

    async def news(self, event: dict[str, Any]) -> None:
        """Something this player can see has changed. However much does, one snapshot tells it; what this page has moved
        itself, the answer to its move tells."""
        if event.get("by") == self.channel_name:
            return
        self.is_stale = True
        if self.telling is None or self.telling.done():
            self.telling = asyncio.create_task(self._tell())

    async def signed_out(self, event: dict[str, Any]) -> None:
        """Somebody signed out in another tab; of this browser, if it was in this session or in one that replaced it."""
        session = self.scope["session"]
        if self.is_in and (event["session"] == session.session_key or await in_database(partial(_is_over, session))):
            await self._leave(SIGNED_OUT)

    async def _tell(self) -> None:
        while self.is_stale and self.is_in:
            await self._show()

    # --- what a page asks for ---

    async def _handle(self, message: protocol.Message) -> None:
        is_search = isinstance(message, protocol.Preview | protocol.Look)
        allowed = self.previews_allowed if is_search else self.moves_allowed
        if not allowed.take():
            await self._warn("too_fast", FASTER_THAN_ANYBODY, TOO_FAST, message)
        elif isinstance(message, protocol.Preview):
            await self._preview(message)
        elif isinstance(message, protocol.Look):
            await self._look(message)
        elif isinstance(message, protocol.Hello):
            await self._show()
        else:
            await self._move(message)

    async def _show(self) -> None:
        """The whole state, as the player may see it now."""
        try:
            state = await self._in_database(self._admitted_snapshot)
        except RuleBroken as refusal:
            await self._refuse(None, refusal)
        else:
            await self._tell_state(state)

    async def _tell_state(self, state: Snapshot) -> None:
        """Unless a newer one is on its way: after that, this one would show what is over."""
        if state is not self.newest:
            return
        await self._hand(protocol.encode(protocol.Snapshot(state)))
        self._nudge(state.turn)

    def _nudge(self, turn: object) -> None:
        """Have a wait end in time. Only a nudge: the clock that counts is in the verb."""
        if self.nudging is not None:
            self.nudging.cancel()
            self.nudging = None
        if isinstance(turn, Waiting):
            left = turn.since + WAIT.total_seconds() - timezone.now().timestamp()
            self.nudging = asyncio.create_task(self._end_wait(max(0.0, left)))

    async def _end_wait(self, left: float) -> None:
        await asyncio.sleep(left)
        with suppress(RuleBroken):
            await self._in_database(partial(dealing.deal, player_id=self.player_id))

    def _admitted_snapshot(self) -> Snapshot:
        return self._state_of(self._admitted())

    def _state_of(self, player: Player) -> Snapshot:
        self.is_stale = False
        self.edition = EDITIONS[player.language]
        state = self.newest = snapshot_of(player)
        self._keep_desk(state.turn)
        return state

    def _keep_desk(self, turn: object) -> None:
        """Have at hand what previews need, so that typing never waits for the database."""
        if isinstance(turn, LabelTurn) and turn.lease_until > timezone.now().timestamp():
            if self.desk is None or self.desk.lease != turn.lease:
                self.desk = labelling.open_desk(player_id=self.player_id, lease=turn.lease)
            until = datetime.fromtimestamp(turn.lease_until, UTC)
            self.desk = replace(self.desk, lease_until=until)

    def _admitted(self) -> Player:
        """Agreement is asked for once; being blocked counts at once."""
        player = admit(self.player_id, has_agreed=self.has_agreed)
        self.has_agreed = True
        return player

    async def _preview(self, message: protocol.Preview) -> None:
        try:
            if self.desk is None or self.desk.lease != message.lease or self.desk.lease_until <= timezone.now():
                self.desk = await self._in_database(
                    partial(labelling.open_desk, player_id=self.player_id, lease=message.lease)
                )
        except RuleBroken as refusal:
            await self._refuse(None, refusal)
        else:
            self.previews.ask(self.desk, message)

    async def _look(self, message: protocol.Look) -> None:
        try:
            if self.chat is None or self.chat.lease != message.lease or self.chat.lease_until <= timezone.now():
                self.chat = await self._in_database(
                    partial(searching.open_desk, player_id=self.player_id, lease=message.lease)
                )
        except RuleBroken as refusal:
            await self._refuse(None, refusal)
        else:
            self.previews.ask(self.chat, message)

    async def _move(self, move: protocol.Move) -> None:
        try:
            outcome, state = await self._in_database(partial(self._carry_out, move, self.previews.take_shown()))
        except RuleBroken as refusal:
            await self._refuse(move.key, refusal)
            if refusal.code in OUT_OF_DATE and self.is_in:
                await self._show()
        except Exception:
            log.exception("a move failed: %s", type(move).__name__)
            await self._refuse(move.key, RuleBroken("failed", self._say(DID_NOT_WORK)))
        else:
            await self._hand(protocol.encode(protocol.Done(move.key, outcome.nudges)))
            await (self._show() if state is None else self._tell_state(state))
            self._let_machine_guess(outcome.guess)

    def _carry_out(self, move: protocol.Move, shown: list[labelling.Shown]) -> tuple[Outcome, Snapshot | None]:
        """What came of a move and how things are then, in one go. What was committed stays done, whatever breaks in
        looking at it."""
        self._admitted()
        if shown:
            labelling.record_previews(shown)
        with spoken_by(self.channel_name):
            outcome = carry_out(self.player_id, move)
        try:
            return outcome, self._state_of(player_of(self.player_id))
        except Exception:
            log.exception("how things are after a move could not be said")
            return outcome, None

    def _let_machine_guess(self, guess: machine.Guess | None) -> None:
        if guess is not None:
            guessing = asyncio.create_task(_guess(guess, self.player_id))
            self.guesses.add(guessing)
            guessing.add_done_callback(self.guesses.discard)

    async def _hand(self, frame: str) -> None:
        """Send to a page that may have gone without a word."""
        with suppress(OSError):
            await self.send(frame)

    # --- refusals ---

    async def _refuse(self, key: str | None, refusal: RuleBroken) -> None:
        await self._hand(protocol.encode(protocol.Refusal(key, refusal.code, refusal.message)))
        if refusal.code in {"blocked", "no_consent", "sanctioned"}:
            await self._leave(NOT_ADMITTED)

    async def _warn(self, code: str, text: str, close_code: int, message: protocol.Message | None = None) -> None:
        """Refuse a frame that no page of ours would send; who goes on like that is cut off."""
        if not self.patience.take():
            await self._leave(close_code)
            return
        refusal = protocol.Refusal(getattr(message, "key", None), code, self._say(text))
        await self._hand(protocol.encode(refusal))

    async def _leave(self, code: int) -> None:
        self.is_in = False
        await self.close(code)

    def _say(self, text: str) -> str:
        with translation.override(self.edition):
            return gettext(text)

    async def _in_database(self, work: Callable[[], T]) -> T:
        """Run it on the database thread, in the player's language."""

        def in_edition() -> T:
            with translation.override(self.edition):
                return work()

        return await in_database(in_edition)


def _is_over(session: Any) -> bool:
    return not session.exists(session.session_key)


async def _guess(guess: machine.Guess, player_id: int) -> None:
    """Let the machine look the page up too, away from the database thread; nobody waits for it."""
    try:
        rank = await asyncio.get_running_loop().run_in_executor(SEARCH, guess.rank)
        shadowing.offer_round(guess.round_id, guess.language, guess.texts, guess.candidates, guess.target)
        await in_database(partial(machine.record_guess, retrieval_id=guess.retrieval_id, rank=rank, tell=player_id))
    except Exception:
        log.exception("the machine could not look a page up")

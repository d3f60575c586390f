"""Every message on the game's socket, in both directions. Unknown fields, wrong types and long strings are refused.

A page moves with a keyed message and hears `done` or `refused` with the same key; a key that was already carried out is
answered `done` again and changes nothing. After each move, and whenever there is news, the page gets the whole
`snapshot` of what its player may see. `results`, or `busy`, answer `preview` and carry its number: older numbers are
not shown, and a preview that a newer one overtakes is not answered at all. `offers`, or `busy`, answer `look` alike.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.play.snapshot import Offer
from sticktionary.domain.reply_round.replying import GivenReply

Key = Annotated[str, Meta(min_length=8, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Lease = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=200)]
Letter = Annotated[str, Meta(pattern=r"^[a-x]$")]
RowId = Annotated[int, Meta(ge=1, le=2**53)]


class Incoming(Struct, forbid_unknown_fields=True, frozen=True, tag_field="type"):
    """Anything a page may send."""


class Move(Incoming, frozen=True):
    key: Key


class Hello(Incoming, tag="hello", frozen=True):
    """Ask for the snapshot."""


class Preview(Incoming, tag="preview", frozen=True):
    lease: Lease
    number: Annotated[int, Meta(ge=0, le=2**31)]
    text: Text


class Look(Incoming, tag="look", frozen=True):
    """Search for a sticker to send. Answered as a preview is, with `offers`."""

    lease: Lease
    number: Annotated[int, Meta(ge=0, le=2**31)]
    text: Text


class Deal(Move, tag="deal", frozen=True):
    """The next page of the sitting, or a new sitting after a summary."""


class AddQuery(Move, tag="add_query", frozen=True):
    lease: Lease
    text: Text
    pasted: bool = False  # rather than typed, as far as the page can tell


class EditQuery(Move, tag="edit_query", frozen=True):
    lease: Lease
    query: RowId
    text: Text
    pasted: bool = False


class RemoveQuery(Move, tag="remove_query", frozen=True):
    lease: Lease
    query: RowId


class Reorder(Move, tag="reorder", frozen=True):
    lease: Lease
    order: Annotated[list[RowId], Meta(max_length=5)]


class Submit(Move, tag="submit", frozen=True):
    lease: Lease


class Answer(Move, tag="answer", frozen=True):
    """Up to three candidates, best first; none at all means "none of these"."""

    lease: Lease
    picks: Annotated[list[Letter], Meta(max_length=3)]


class Suggest(Move, tag="suggest", frozen=True):
    """A query of the retriever's own for a candidate, before or after the answer."""

    lease: Lease
    candidate: Letter
    text: Text


class GaveAway(Move, tag="gave_away", frozen=True):
    """Which query led to the sticker: its number on the page."""

    lease: Lease
    query: RowId


class SkipTurn(Move, tag="skip", frozen=True):
    lease: Lease
    reason: Annotated[str, Meta(max_length=12)]


class WaitForLive(Move, tag="wait", frozen=True):
    """Give back an untouched house round and wait for a round that somebody is writing."""

    lease: Lease


class StopWaiting(Move, tag="stop_waiting", frozen=True):
    pass


class Annotate(Move, tag="annotate", frozen=True):
    """The answer to a bonus page."""

    lease: Lease
    given: Given


class SkipBonus(Move, tag="skip_bonus", frozen=True):
    """Pass a bonus page on; or finish: no more of them in this sitting."""

    lease: Lease
    finish: bool = False


class ReplyMove(Move, tag="reply", frozen=True):
    """Which sticker the player would send in a chat."""

    lease: Lease
    given: GivenReply


class PassReply(Move, tag="pass_reply", frozen=True):
    """Pass a chat on, and say why; or finish: no more of the sitting."""

    lease: Lease
    why: Annotated[str, Meta(max_length=12)] = ""
    finish: bool = False


class TurnReplyOver(Move, tag="turn_reply_over", frozen=True):
    """What others sent was looked at: on."""

    lease: Lease


class AnotherChat(Move, tag="another_chat", frozen=True):
    """A chat to reply to, after a sitting."""


class NoticesSeen(Move, tag="notices_seen", frozen=True):
    upto: RowId


Message = (
    Hello
    | Preview
    | Look
    | Deal
    | AddQuery
    | EditQuery
    | RemoveQuery
    | Reorder
    | Submit
    | Answer
    | Suggest
    | GaveAway
    | SkipTurn
    | WaitForLive
    | StopWaiting
    | Annotate
    | SkipBonus
    | ReplyMove
    | PassReply
    | TurnReplyOver
    | AnotherChat
    | NoticesSeen
)


class Outgoing(Struct, tag_field="type", frozen=True):
    """Anything a page may hear."""


class Hit(Struct, frozen=True):
    image: str
    poster: str
    alt: str
    is_target: bool = False


class Results(Outgoing, tag="results", frozen=True):
    number: int
    hits: list[Hit]
    target_rank: int | None  # over the whole catalogue, 1 is best; None: not among the matches
    ms: float


class Offers(Outgoing, tag="offers", frozen=True):
    """What a search for a sticker to send has found."""

    number: int
    offers: list[Offer]


class Busy(Outgoing, tag="busy", frozen=True):
    """Instead of results that would come too late: more is typed than can be searched. A page may ask again."""

    number: int


class Done(Outgoing, tag="done", frozen=True):
    key: str
    nudges: list[str] = []


class Refusal(Outgoing, tag="refused", frozen=True):
    key: str | None
    code: str
    message: str


class Snapshot(Outgoing, tag="snapshot", frozen=True):
    state: Any  # sticktionary.domain.snapshot.Snapshot


_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()
MAX_FRAME_BYTES = 4_096


def parse(frame: str | bytes) -> Message:
    """The message in a frame; raises msgspec.DecodeError (also for a message that breaks its shape)."""
    if len(frame) > MAX_FRAME_BYTES:
        raise msgspec.ValidationError("The message is too long.")
    message: Message = _decoder.decode(frame)
    return message


def encode(message: Outgoing) -> str:
    return _encoder.encode(message).decode()

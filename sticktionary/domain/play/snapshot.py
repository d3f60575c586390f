"""What one player may see of the game right now. The only place where a secret is cut: no target reaches a retriever
before the answer, and no partner's answer reaches a labeler before it is given."""

from __future__ import annotations

from msgspec import Struct


class Picture(Struct, frozen=True):
    image: str
    poster: str
    alt: str  # empty for a candidate: its name could give it away
    moves: bool = False


class QueryLine(Struct, frozen=True):
    id: int  # for the labeler the query's own; for a retriever its number in the list: row ids would say too much
    text: str
    nudges: list[str] = []


class LabelTurn(Struct, frozen=True, tag="label", tag_field="kind"):
    """A sticker to write for."""

    lease: str
    lease_until: float  # epoch seconds
    sticker: Picture
    worn_out: list[str]
    queries: list[QueryLine]
    results_hidden: bool
    practice: bool
    coach: str = ""  # names what a beginner is told: write_feeling, write_more


class Suggestion(Struct, frozen=True):
    """A better word that a retriever gave a candidate."""

    letter: str
    text: str


class FindTurn(Struct, frozen=True, tag="find", tag_field="kind"):
    """Queries to look up among candidates; the handle of the n-th candidate is the n-th letter."""

    lease: str
    lease_until: float
    queries: list[QueryLine]
    candidates: list[Picture]
    can_wait: bool  # a house round, and somebody is writing right now
    practice: bool
    writer: str = ""  # who is behind the queries; empty for the house
    suggestions: list[Suggestion] = []
    coach: str = ""  # find_meaning


class Line(Struct, frozen=True):
    """One line of a breakdown of points. `code` names the copy, `values` fill it:

    of one's own retrieval: practice (rank), right_1, right_2, right_3, wrong_above (n), missed, right_none, not_there,
    suggestion (text); others with the same queries: other_found (name, rank), other_missed (name), machine (rank);
    of one's own round: found (name, rank, base, novelty, maybe query: the one that gave it away), missed (name),
    awaiting (n retrievers, novelty), practice.
    """

    code: str
    n_points: int | None  # None: still open
    values: dict[str, str | int | float] = {}


class FoundTurn(Struct, frozen=True, tag="found", tag_field="kind"):
    """The answer to a retrieval, shown at once."""

    lease: str
    outcome: str  # first, second, third, missed, rightly_none, wrongly_none, absent
    target: Picture | None  # None: it was not there, and others still look for it
    target_letter: str
    queries: list[QueryLine]
    picks: list[str]  # letters
    pictures: list[Picture]  # of the picks
    candidates: list[Picture]
    gave_away: int | None
    lines: list[Line]
    n_points: int
    others: list[Line]
    writer: str
    practice: bool
    suggestions: list[Suggestion] = []
    coach: str = ""  # practice_found, practice_missed


class WrittenTurn(Struct, frozen=True, tag="written", tag_field="kind"):
    """A submitted round of one's own: sent, then as retrievers answer."""

    round: int
    sticker: Picture
    queries: list[QueryLine]
    lines: list[Line]
    n_points: int
    state: str  # open, found, needs_review, practice outcome
    practice: bool
    machine_rank: int | None = None
    coach: str = ""  # practice_sent


class Choice(Struct, frozen=True):
    """A label to choose, with its names in both languages: annotators of both choose from the same ones."""

    id: str
    name: str
    other_name: str  # in the other language
    gloss: str


class Choices(Struct, frozen=True):
    name: str  # empty where the labels are not in groups
    choices: list[Choice]


class ChatLine(Struct, frozen=True):
    speaker: str
    text: str
    sticker: Picture | None = None
    is_asked: bool = False  # this is the use of the sticker that is asked about


class BonusTurn(Struct, frozen=True, tag="bonus", tag_field="kind"):
    """A short question after the six pages, which may be passed on."""

    lease: str
    lease_until: float
    task: str  # of sticktionary.models.Task
    number: int  # of the sitting's bonus pages
    n_pages: int  # at most
    sticker: Picture
    groups: list[Choices] = []  # of labels, where one is chosen
    chat: list[ChatLine] = []  # what was said before, the sticker last
    printed: str = ""  # what is held to be written on it


class Offer(Struct, frozen=True):
    """A sticker that may be sent; its id is what a move names."""

    id: int
    image: str
    poster: str
    alt: str


class ReplyTurn(Struct, frozen=True, tag="reply", tag_field="kind"):
    """A chat up to the place where a sticker was sent; which one is not said."""

    lease: str
    lease_until: float
    chat: list[ChatLine]
    speaker: str  # in whose place the player stands
    offers: list[Offer]
    groups: list[Choices]  # of intents
    scenarios: list[Choice]
    by_choice: bool  # the player asked for it, after the sitting


class Replied(Struct, frozen=True):
    """A reply as its card shows it."""

    name: str  # empty for one's own, and for somebody who has left
    sticker: Picture
    also: list[Picture]
    intent: str
    likeness: str = ""  # to one's own: same, named, both_named, other
    n_points: int = 0  # that one's own brought for it


class RepliedTurn(Struct, frozen=True, tag="replied", tag_field="kind"):
    """What others sent, once one's own reply is given; it grows while they answer."""

    lease: str
    chat: list[ChatLine]  # the sticker that was sent in its place
    mine: Replied
    others: list[Replied]
    sent_likeness: str  # of the sticker that was sent to one's own; empty when it has left the game
    sent_points: int
    n_points: int
    n_awaited: int  # others who may still answer
    by_choice: bool


class Waiting(Struct, frozen=True, tag="waiting", tag_field="kind"):
    since: float
    n_writing: int


class Page(Struct, frozen=True):
    """A finished page of a sitting, for its summary."""

    number: int
    role: str
    sticker: Picture | None
    queries: list[str]
    writer: str
    rank: int | None  # best place among retrievers; 0 not found; None still open
    n_points: int


class Neighbour(Struct, frozen=True):
    """A row of this week's board around the player's own."""

    place: int
    name: str
    n_points: int
    is_me: bool


class Summary(Struct, frozen=True, tag="summary", tag_field="kind"):
    sitting: int  # which one of the player's
    pages: list[Page]
    n_points: int
    streak_days: int
    found_this_week: int
    goal_this_week: int
    neighbours: list[Neighbour] = []  # none for who is not on the board
    to_next: int | None = None  # points to the place above
    n_bonus: int = 0  # bonus pages that were answered
    bonus_points: int = 0  # for those that another player has confirmed so far
    n_replies: int = 0  # chats that were replied to, in the sitting and after it
    reply_points: int = 0  # for those that others agree with so far
    can_reply: bool = False  # there are chats to reply to


class Nothing(Struct, frozen=True, tag="nothing", tag_field="kind"):
    """No page: start (nothing dealt yet), lapsed (it went to others), gone (its sticker was taken out), empty."""

    code: str


class NoticeLine(Struct, frozen=True):
    id: int
    kind: str
    sticker: Picture | None = None
    queries: list[str] = []
    partner: str = ""
    rank: int = 0
    n_points: int = 0
    sentence: str = ""  # all there is to say, where it is not of a retriever


class Tab(Struct, frozen=True):
    """One of the six notches."""

    number: int
    state: str  # done, now, ahead
    rank: int | None = None


class Snapshot(Struct, frozen=True):
    language: str
    name: str
    points: int
    is_guest: bool
    tabs: list[Tab]
    turn: (
        LabelTurn
        | FindTurn
        | FoundTurn
        | WrittenTurn
        | BonusTurn
        | ReplyTurn
        | RepliedTurn
        | Waiting
        | Summary
        | Nothing
    )
    notices: list[NoticeLine]

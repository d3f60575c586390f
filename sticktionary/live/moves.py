"""From a message to its verb."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from sticktionary.domain.annotation import annotating
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import dealing, labelling, notices, retrieving, skipping, waiting
from sticktionary.domain.play.machine import Guess
from sticktionary.domain.reply_round import replying
from sticktionary.live import protocol


@dataclass(frozen=True)
class Outcome:
    nudges: list[str] = field(default_factory=list)
    guess: Guess | None = None  # work for a search thread


def carry_out(player_id: int, move: protocol.Move) -> Outcome:
    """Call the verb; runs on the database thread. Raises RuleBroken."""
    who, key = player_id, move.key
    match move:
        case protocol.Deal():
            return Outcome(dealing.deal(player_id=who, key=key))
        case protocol.AddQuery(lease=lease, text=text, pasted=pasted):
            return Outcome(labelling.add_query(player_id=who, lease=lease, key=key, text=text, pasted=pasted))
        case protocol.EditQuery(lease=lease, query=query, text=text, pasted=pasted):
            nudges = labelling.edit_query(player_id=who, lease=lease, key=key, query_id=query, text=text, pasted=pasted)
            return Outcome(nudges)
        case protocol.RemoveQuery(lease=lease, query=query):
            labelling.remove_query(player_id=who, lease=lease, key=key, query_id=query)
        case protocol.Reorder(lease=lease, order=order):
            labelling.reorder(player_id=who, lease=lease, key=key, order=order)
        case protocol.Submit(lease=lease):
            return Outcome(guess=labelling.submit(player_id=who, lease=lease, key=key))
        case protocol.Answer(lease=lease, picks=picks):
            return Outcome(guess=retrieving.answer(player_id=who, lease=lease, key=key, picks=picks))
        case protocol.Suggest(lease=lease, candidate=letter, text=text):
            return Outcome(retrieving.suggest(player_id=who, lease=lease, key=key, candidate=letter, text=text))
        case protocol.GaveAway(lease=lease, query=number):
            retrieving.gave_away(player_id=who, lease=lease, key=key, number=number)
        case protocol.SkipTurn(lease=lease, reason=reason):
            skipping.skip(player_id=who, lease=lease, key=key, reason=reason)
        case protocol.WaitForLive(lease=lease):
            waiting.wait(player_id=who, lease=lease, key=key)
        case protocol.StopWaiting():
            waiting.stop_waiting(player_id=who)
        case protocol.Annotate(lease=lease, given=given):
            annotating.answer(player_id=who, lease=lease, key=key, given=given)
        case protocol.SkipBonus(lease=lease, finish=finish):
            annotating.skip(player_id=who, lease=lease, key=key, finish=finish)
        case protocol.ReplyMove(lease=lease, given=reply):
            replying.answer(player_id=who, lease=lease, key=key, given=reply)
        case protocol.PassReply(lease=lease, why=why, finish=finish):
            replying.pass_on(player_id=who, lease=lease, key=key, why=why, finish=finish)
        case protocol.TurnReplyOver(lease=lease):
            replying.turn_over(player_id=who, lease=lease, key=key)
        case protocol.AnotherChat():
            replying.another(player_id=who, key=key)
        case protocol.NoticesSeen(upto=upto):
            notices.seen(player_id=who, upto=upto)
        case _:
            raise Refused("unknown", _("That is not a move of this game."))
    return Outcome()

"""What players replied to the chats of a release, and which stickers would therefore do at a place as well as the one
that was sent.

A sticker is accepted at a place when two people of the release picked it or named it as doing as well, and one of them
at least picked it; near duplicates count as one sticker. Replies after the watermark, of players who are not in the
release, and of those taken back do not count.
"""

from __future__ import annotations

from collections import defaultdict

from sticktionary.domain.releases import as_of
from sticktionary.domain.releases.chats import Alike
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.reply_round import agreement, places
from sticktionary.domain.reply_round.agreement import Kin, Said
from sticktionary.models import Conversation, Reply, Tombstone

GIVEN = (Reply.State.ANSWERED, Reply.State.PASSED)


class Replied:
    def __init__(self, scope: Scope, alike: Alike) -> None:
        self._scope, self._alike = scope, alike
        self._gone = as_of.taken_back(Tombstone.Kind.REPLY, scope.watermark_at)
        self._at: dict[int, list[Reply]] = {}

    def load(self, chat: Conversation) -> list[Reply]:
        """Read the replies to a chat, in its order and theirs; what was read before is forgotten."""
        rows = Reply.objects.filter(utterance__session__conversation=chat, state__in=GIVEN)
        rows = rows.filter(answered_at__lt=self._scope.watermark_at).select_related("utterance__session")
        ordered = rows.order_by("utterance__session__number", "utterance__number", "answered_at", "pk")
        kept = [row for row in ordered if self._belongs(row)]
        at: defaultdict[int, list[Reply]] = defaultdict(list)
        for row in kept:
            at[row.utterance_id].append(row)
        self._at = dict(at)
        return kept

    def _belongs(self, row: Reply) -> bool:
        names = self._scope.names
        is_out = row.player_id in self._scope.left_out or row.pk in self._gone
        return not is_out and row.utterance.sticker_id in names and (row.pick_id is None or row.pick_id in names)

    def accepted(self, utterance_id: int) -> set[str]:
        """The stickers that would do there, by name, with all that say the same."""
        said = [self._said(row) for row in self._answered(utterance_id)]
        held = {row.pick_id: self._kin(row.pick_id) for row in self._answered(utterance_id) if row.pick_id}
        return {name for id in agreement.accepted(held, said) for name in self._alike.of(id)}

    def agrees(self, row: Reply) -> bool:
        """Whether somebody else picked what this one picks or names, or named what it picks."""
        others = [other for other in self._answered(row.utterance_id) if other.pk != row.pk]
        told = {agreement.likeness(self._said(row), self._said(other)) for other in others}
        return bool(told & {agreement.Likeness.SAME, agreement.Likeness.NAMED})

    def _answered(self, utterance_id: int) -> list[Reply]:
        return [row for row in self._at.get(utterance_id, []) if row.state == Reply.State.ANSWERED]

    def _said(self, row: Reply) -> Said:
        assert row.pick_id is not None
        also = tuple(self._kin(id) for id in row.also)
        return Said(row.player_id, self._kin(row.pick_id), also, row.intent, places.kind_of(row.intent))

    def _kin(self, sticker_id: int) -> Kin:
        return frozenset({self._alike.root(sticker_id)})

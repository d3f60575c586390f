"""When a player leaves for good: what was published stays, and nothing says any more whose it was."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sticktionary.domain.events import announce
from sticktionary.domain.releases import tombstones
from sticktionary.models import Annotation, AuditEntry, Case, Player, Preview, Query, Reply, Revision, Round, Turn


def delete_account(*, player_id: int) -> None:
    """Delete a player with their points, sittings, notices and everything they typed but did not publish."""
    _end_sessions(player_id)  # every session is opened to see whose it is: too long to hold the database for
    erase(player_id=player_id)


@transaction.atomic
def erase(*, player_id: int) -> None:
    """The same for somebody who is signed in nowhere."""
    player = Player.objects.select_for_update().get(pk=player_id)
    _forget_unpublished(player)
    _forget_appeals(player)
    AuditEntry.objects.filter(subject=f"player {player_id}").update(detail={})
    LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Player), object_id=str(player_id)).delete()
    announce(player_id)
    tombstones.let_go(player)
    player.delete()
    AuditEntry.objects.create(verb="delete_account", subject=f"player {player_id}")


def _forget_unpublished(player: Player) -> None:
    """Half-typed texts, removed queries and rounds that were never submitted."""
    written = Round.objects.filter(labeler=player)
    Preview.objects.filter(round__in=written).delete()
    Revision.objects.filter(Q(turn__sitting__player=player) | Q(turn=None, round__in=written)).delete()
    Query.objects.filter(round__in=written).exclude(removed_at=None, round__submitted_at__isnull=False).delete()
    Turn.objects.filter(sitting__player=player).delete()
    Annotation.objects.filter(player=player).exclude(state=Annotation.State.ANSWERED).delete()
    Reply.objects.filter(player=player).exclude(state__in=[Reply.State.ANSWERED, Reply.State.PASSED]).delete()
    written.filter(submitted_at=None, turns=None, retrievals=None).delete()


def _forget_appeals(player: Player) -> None:
    """What they said is forgotten; a verdict about words that were published stays with the words."""
    about_words = Case.objects.filter(player=player, round__isnull=False)
    about_words.filter(state=Case.State.OPEN).update(state=Case.State.CLOSED, decided_at=timezone.now())
    about_words.update(player=None, words="")


def _end_sessions(player_id: int) -> None:
    theirs = [s.pk for s in Session.objects.iterator() if s.get_decoded().get(SESSION_KEY) == str(player_id)]
    Session.objects.filter(pk__in=theirs).delete()

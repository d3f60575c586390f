from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.players import Language

PLAYER = settings.AUTH_USER_MODEL


class Round(models.Model):
    """One sticker labelled once in one language: the queries, and the retrievals that try them."""

    class Source(models.TextChoices):
        PLAY = "play", _("play")
        HOUSE = "house", _("house")  # made from queries that came with the sticker
        SUGGESTION = "suggestion", _("suggestion")  # a retriever's own query for a candidate
        PRACTICE = "practice", _("practice")  # never proof, never exported

    class State(models.TextChoices):
        LABELLING = "labelling", _("being labelled")
        OPEN = "open", _("waiting for retrievers")
        FOUND = "found", _("found")
        NEEDS_REVIEW = "needs_review", _("needs review")
        ACCEPTED = "accepted", _("accepted")  # by a reviewer: the picks were reasonable
        DISCARDED = "discarded", _("discarded")  # by a reviewer
        SKIPPED = "skipped", _("skipped")
        LAPSED = "lapsed", _("lapsed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    sticker = models.ForeignKey(Sticker, verbose_name=_("sticker"), on_delete=models.PROTECT, related_name="rounds")
    language = models.CharField(_("language"), max_length=2, choices=Language)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.PLAY)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.LABELLING)
    labeler = models.ForeignKey(
        PLAYER, verbose_name=_("labelled by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="rounds"
    )
    dealt_at = models.DateTimeField(_("dealt"))
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    results_hidden = models.BooleanField(_("results hidden"), default=False)
    model_version = models.CharField(_("model"), max_length=80, blank=True)  # what answered the previews
    taboo = models.JSONField(_("worn-out queries"), default=list)  # the worn-out queries that were shown
    suggested_in = models.ForeignKey(  # the retrieval during which a suggestion was made
        "Retrieval",
        verbose_name=_("suggested in"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="suggestions",
    )

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        indexes = [
            models.Index(fields=["language", "state", "source"]),
            models.Index(fields=["language", "state", "decided_at"]),
            models.Index(fields=["labeler", "-dealt_at"]),
            models.Index(fields=["state", "-id"]),  # the newest of a state or a source among very many
            models.Index(fields=["source", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Query(models.Model):
    """What somebody would type to find the sticker. Removed ones stay, marked: facts are append-only."""

    round = models.ForeignKey(Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="queries")
    text = models.CharField(_("text"), max_length=200)
    normalised = models.CharField(_("normalised"), max_length=200)
    position = models.PositiveSmallIntegerField(_("position"))
    nudges = models.JSONField(_("warnings"), default=list)  # codes of warnings that were shown and overruled
    novelty = models.FloatField(_("novelty"), null=True, blank=True)  # set when the round is submitted
    pasted = models.BooleanField(_("pasted"), default=False)  # as the page says; evidence, no proof
    added_at = models.DateTimeField(_("written"))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("query")
        verbose_name_plural = _("queries")
        indexes = [models.Index(fields=["normalised"])]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class Revision(models.Model):
    """Every move made with a round as it was made; `key` makes a repeated frame harmless."""

    round = models.ForeignKey(
        Round, null=True, on_delete=models.CASCADE, related_name="revisions"
    )  # none: a bonus page
    turn = models.ForeignKey("Turn", null=True, on_delete=models.SET_NULL, related_name="revisions")
    key = models.CharField(max_length=40)
    move = models.CharField(max_length=10)  # add, edit, remove, reorder, submit, answer, suggest, gave_away, skip, wait
    detail = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["turn", "key"], name="move_once_per_turn")]


class Preview(models.Model):
    """What the labeler was shown for a half-typed text."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="previews")
    text = models.CharField(max_length=80)
    at = models.DateTimeField()
    hits = models.JSONField()  # sticker ids in order
    target_rank = models.PositiveIntegerField(null=True)
    model_version = models.CharField(max_length=80)
    ms = models.FloatField()


class Retrieval(models.Model):
    """One player's search for the round's sticker among candidates."""

    class State(models.TextChoices):
        DEALT = "dealt", _("dealt")
        ANSWERED = "answered", _("answered")
        SKIPPED = "skipped", _("skipped")
        LAPSED = "lapsed", _("lapsed")

    public_id = models.UUIDField(_("number in addresses"), default=uuid.uuid4, unique=True, editable=False)
    round = models.ForeignKey(Round, verbose_name=_("round"), on_delete=models.PROTECT, related_name="retrievals")
    player = models.ForeignKey(
        PLAYER, verbose_name=_("player"), null=True, on_delete=models.SET_NULL, related_name="retrievals"
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DEALT)
    candidates = models.JSONField(_("candidates"))  # sticker ids; the handle of the n-th is the n-th letter
    target_absent = models.BooleanField(_("target left out"), default=False)
    is_gold = models.BooleanField(_("gold"), default=False)  # its answer was known; it decides nothing about the round
    dealt_at = models.DateTimeField(_("dealt"))
    lease_until = models.DateTimeField(_("held until"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    picks = models.JSONField(_("picks"), default=list)  # sticker ids, best first
    none_of_these = models.BooleanField(_("none of these"), default=False)
    rank = models.PositiveSmallIntegerField(  # place of the target among the picks, 0 when not found
        _("rank"), default=0
    )
    n_points = models.SmallIntegerField(_("points"), default=0)
    gave_away = models.ForeignKey(
        Query,
        verbose_name=_("query that led there"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    machine_rank = models.PositiveSmallIntegerField(  # where the searcher put the target among the candidates
        _("machine's rank"), null=True
    )
    model_version = models.CharField(_("model"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("retrieval")
        verbose_name_plural = _("retrievals")
        constraints = [models.UniqueConstraint(fields=["round", "player"], name="one_retrieval_per_player_and_round")]
        indexes = [
            models.Index(fields=["player", "-dealt_at"]),
            models.Index(fields=["answered_at", "id"]),  # what is counted on from where the last count stopped
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Skip(models.Model):
    class Reason(models.TextChoices):
        NOT_LOADED = "not_loaded", _("The picture did not load")
        UNCLEAR = "unclear", _("I do not get it")
        NO_WORDS = "no_words", _("Nothing comes to mind")
        HARMFUL = "harmful", _("It should not be here")
        OTHER = "other", _("Another reason")

    player = models.ForeignKey(PLAYER, verbose_name=_("player"), on_delete=models.CASCADE, related_name="skips")
    round = models.ForeignKey(Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="skips")
    sticker = models.ForeignKey(Sticker, verbose_name=_("sticker"), on_delete=models.CASCADE, related_name="skips")
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    as_labeler = models.BooleanField(_("was to label"))
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("skip")
        verbose_name_plural = _("skips")
        constraints = [models.UniqueConstraint(fields=["player", "round"], name="skip_once")]
        indexes = [models.Index(fields=["at"])]


class Sitting(models.Model):
    """Six rounds, then a summary; a newcomer's first one is two rounds of practice."""

    player = models.ForeignKey(PLAYER, on_delete=models.CASCADE, related_name="sittings")
    is_practice = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["player"], condition=Q(ended_at=None), name="one_open_sitting_per_player")
        ]


class Turn(models.Model):
    """One page of a sitting: a round to label or a retrieval to make."""

    class Role(models.TextChoices):
        LABELER = "labeler", _("labeler")
        RETRIEVER = "retriever", _("retriever")

    class State(models.TextChoices):
        PLAYING = "playing", _("playing")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")  # skipped, lapsed or given up for another one

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveSmallIntegerField()  # 1 to 6
    role = models.CharField(max_length=10, choices=Role)
    state = models.CharField(max_length=8, choices=State, default=State.PLAYING)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="turns")
    retrieval = models.OneToOneField(Retrieval, null=True, blank=True, on_delete=models.PROTECT, related_name="turn")
    dealt_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sitting"], condition=Q(state="playing"), name="one_playing_turn_per_sitting"
            ),
            models.UniqueConstraint(
                fields=["sitting", "number"], condition=~Q(state="dropped"), name="one_turn_per_page"
            ),
        ]
        indexes = [models.Index(fields=["ended_at"])]

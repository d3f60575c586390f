from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.play import Query, Retrieval, Round
from sticktionary.models.players import Language

PLAYER = settings.AUTH_USER_MODEL


class RuleSet(models.Model):
    """The rules of the game and of quality as somebody set them; the newest hold, the older ones say what held then."""

    values = models.JSONField(_("values"))  # of sticktionary.domain.rules.Rules; what is missing has its default
    why = models.CharField(_("why"), max_length=300, blank=True)
    set_by = models.ForeignKey(PLAYER, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("rule set")
        verbose_name_plural = _("rule sets")
        permissions = [("change_rules", "Can change the rules of the game and of quality")]

    def __str__(self) -> str:
        return f"{self.pk}"


class AbusiveWord(models.Model):
    language = models.CharField(_("language"), max_length=2, choices=Language)
    word = models.CharField(_("word"), max_length=60)
    normalised = models.CharField(max_length=200)
    added_by = models.ForeignKey(PLAYER, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("abusive word")
        verbose_name_plural = _("abusive words")
        constraints = [models.UniqueConstraint(fields=["language", "normalised"], name="abusive_once")]

    def __str__(self) -> str:
        return self.word


class Gold(models.Model):
    """A round whose answer is beyond doubt: dealt again, unannounced, to see who looks."""

    round = models.OneToOneField(Round, verbose_name=_("round"), on_delete=models.CASCADE, related_name="gold")
    promoted_at = models.DateTimeField(_("since"), null=True, blank=True)  # none: too few have found it at once so far
    n_exposures = models.PositiveIntegerField(_("times dealt"), default=0)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("gold round")
        verbose_name_plural = _("gold rounds")
        indexes = [models.Index(fields=["n_exposures"], condition=Q(retired_at=None), name="gold_in_use")]


class Watermark(models.Model):
    """Up to when the facts are counted in a running estimate; whoever counts on holds its row."""

    name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField(null=True)


class PlayerQuality(models.Model):
    """What a player's answers say of them so far; worked out anew from the facts at any time."""

    player = models.OneToOneField(PLAYER, verbose_name=_("player"), on_delete=models.CASCADE, related_name="quality")
    find_skill = models.FloatField(_("skill at finding"), default=0.0)  # logits, 0 is the average player
    find_sd = models.FloatField(_("its uncertainty"), default=1.0)
    label_skill = models.FloatField(_("skill at writing"), default=0.0)
    label_sd = models.FloatField(_("its uncertainty"), default=1.0)
    n_finds = models.PositiveIntegerField(_("lookups counted"), default=0)
    n_labels = models.PositiveIntegerField(_("lookups of their rounds"), default=0)
    n_gold = models.PositiveIntegerField(_("gold rounds"), default=0)
    n_gold_passed = models.PositiveIntegerField(_("gold rounds passed"), default=0)
    weight = models.FloatField(_("weight"), default=1.0)  # of their answers, 0 to 1
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("player's quality")
        verbose_name_plural = _("players' quality")


class StickerDifficulty(models.Model):
    """How hard a sticker is to find from what people write for it, on the scale of `PlayerQuality`."""

    sticker = models.ForeignKey(Sticker, verbose_name=_("sticker"), on_delete=models.CASCADE, related_name="difficulty")
    language = models.CharField(_("language"), max_length=2, choices=Language)
    difficulty = models.FloatField(_("difficulty"), default=0.0)
    sd = models.FloatField(_("its uncertainty"), default=1.0)
    n_answers = models.PositiveIntegerField(_("answers counted"), default=0)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("sticker's difficulty")
        verbose_name_plural = _("stickers' difficulty")
        constraints = [models.UniqueConstraint(fields=["sticker", "language"], name="one_difficulty_per_language")]


class FailedLook(models.Model):
    """A player whom a sweep could not look at. It is tried again at each sweep, and is gone when one succeeds."""

    class What(models.TextChoices):
        PLAY = "play", _("their own answers")
        PAIRS = "pairs", _("whom they agree with")

    player = models.ForeignKey(PLAYER, verbose_name=_("player"), on_delete=models.CASCADE, related_name="failed_looks")
    what = models.CharField(_("what was looked at"), max_length=5, choices=What)
    error = models.CharField(_("what went wrong"), max_length=300)
    n_times = models.PositiveIntegerField(_("times"), default=0)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("failed look")
        verbose_name_plural = _("failed looks")
        constraints = [models.UniqueConstraint(fields=["player", "what"], name="one_failed_look_of_each")]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.player_id}"


class Flag(models.Model):
    """Something that looked wrong, with the evidence. It accuses nobody until a person has looked."""

    class Kind(models.TextChoices):
        TOO_FAST = "too_fast", _("too fast")
        REPEATS = "repeats", _("repeats across stickers")
        PASTED = "pasted", _("pasted text")
        WRONG_SCRIPT = "wrong_script", _("wrong script")
        CONTACT = "contact", _("contact data")
        ABUSIVE = "abusive", _("abusive words")
        CODE_WORD = "code_word", _("code word")  # a query that one pair finds and others do not
        COLLUSION = "collusion", _("agrees above chance")
        BURST = "burst", _("burst")
        BOT = "bot", _("bot pattern")
        GOLD_FAILED = "gold_failed", _("fails gold rounds")
        RANDOM = "random", _("answers like chance")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        UPHELD = "upheld", _("upheld")
        DISMISSED = "dismissed", _("dismissed")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    player = models.ForeignKey(PLAYER, verbose_name=_("player"), on_delete=models.CASCADE, related_name="flags")
    partner = models.ForeignKey(
        PLAYER, verbose_name=_("partner"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    round = models.ForeignKey(
        Round, verbose_name=_("round"), null=True, blank=True, on_delete=models.CASCADE, related_name="flags"
    )
    query = models.ForeignKey(
        Query, verbose_name=_("query"), null=True, blank=True, on_delete=models.SET_NULL, related_name="flags"
    )
    retrieval = models.ForeignKey(
        Retrieval, verbose_name=_("retrieval"), null=True, blank=True, on_delete=models.SET_NULL, related_name="flags"
    )
    evidence = models.JSONField(_("evidence"), default=dict)  # figures and texts, as they were when it was raised
    key = models.CharField(_("key"), max_length=120, unique=True)  # what it is for: the same thing is flagged once
    at = models.DateTimeField(_("when"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        PLAYER, verbose_name=_("decided by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        indexes = [models.Index(fields=["player", "state"]), models.Index(fields=["state", "-at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Sanction(models.Model):
    """A consequence for a player, in steps. It says why, can be appealed against, and is lifted, never deleted."""

    class Step(models.TextChoices):
        WEIGHT = "weight", _("counts less")
        OFF_BOARD = "off_board", _("hidden from the boards")
        BLOCKED = "blocked", _("blocked")
        EXCLUDED = "excluded", _("excluded")  # bad faith, decided by a person: their data is left out

    player = models.ForeignKey(PLAYER, verbose_name=_("player"), on_delete=models.CASCADE, related_name="sanctions")
    step = models.CharField(_("step"), max_length=10, choices=Step)
    reason = models.CharField(_("reason"), max_length=500)  # what the player reads
    flags = models.JSONField(_("flags"), default=list)  # ids of the evidence
    imposed_by = models.ForeignKey(  # none: the rules by themselves
        PLAYER, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("since"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        PLAYER, verbose_name=_("lifted by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    why_lifted = models.CharField(_("why it was lifted"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("sanction")
        verbose_name_plural = _("sanctions")
        constraints = [
            models.UniqueConstraint(
                fields=["player", "step"], condition=Q(lifted_at=None), name="one_sanction_in_force_per_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.pk}"

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.play import Query, Round
from sticktionary.models.players import Language
from sticktionary.models.quality import Sanction

PLAYER = settings.AUTH_USER_MODEL


class Case(models.Model):
    """What people have to judge: a round nobody found, a sticker, an appeal. One of them holds it at a time."""

    class Kind(models.TextChoices):
        NOT_FOUND = "not_found", _("not found")
        SPLIT = "split", _("split")  # retrievers disagreed to the end
        FOUND = "found", _("found, to be confirmed")  # where the rules do not take what was found
        FLAGGED = "flagged", _("flagged")
        STICKER = "sticker", _("sticker")  # skipped by many, or reported as harmful
        APPEAL = "appeal", _("appeal")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DECIDED = "decided", _("decided")
        CLOSED = "closed", _("closed")  # settled by itself: the round was withdrawn, the sticker put back

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    round = models.ForeignKey(
        Round, verbose_name=_("round"), null=True, blank=True, on_delete=models.CASCADE, related_name="cases"
    )
    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), null=True, blank=True, on_delete=models.CASCADE, related_name="cases"
    )
    player = models.ForeignKey(  # who appeals
        PLAYER, verbose_name=_("player"), null=True, blank=True, on_delete=models.CASCADE, related_name="cases"
    )
    sanction = models.ForeignKey(  # what is appealed against, unless it is a round's verdict
        Sanction, verbose_name=_("sanction"), null=True, blank=True, on_delete=models.CASCADE, related_name="cases"
    )
    words = models.TextField(_("in their own words"), blank=True)
    reasons = models.JSONField(_("reasons"), default=list)  # codes of why it is here, e.g. of flags
    opened_at = models.DateTimeField(_("opened"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    held_by = models.ForeignKey(
        PLAYER, verbose_name=_("held by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                fields=["round"],
                condition=Q(state="open", kind__in=["not_found", "split", "found", "flagged"]),
                name="one_open_case_per_round",
            ),
            models.UniqueConstraint(
                fields=["player", "round"],
                condition=Q(state="open", kind="appeal"),
                name="one_open_appeal_per_round",
            ),
            models.UniqueConstraint(
                fields=["sanction"], condition=Q(state="open", kind="appeal"), name="one_open_appeal_per_sanction"
            ),
            models.UniqueConstraint(
                fields=["sticker"], condition=Q(state="open", kind="sticker"), name="one_open_case_per_sticker"
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at", "id"], condition=Q(state="open"), name="open_cases"),
            models.Index(fields=["state", "-decided_at"]),
        ]
        permissions = [("review", "Can judge cases")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Judgement(models.Model):
    """One verdict on a case. Never changed: undone, it stays, with who undid it and when."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accepted")  # the pick was reasonable
        CORRECT = "correct", _("accepted, spelling mended")
        DISCARD = "discard", _("discarded")
        SAME = "same", _("the same stickers")
        SEND_BACK = "send_back", _("sent back")  # to one more retriever
        HARMFUL = "harmful", _("harmful sticker")
        RESTORE = "restore", _("sticker put back in play")
        UPHOLD = "uphold", _("appeal granted")
        REJECT = "reject", _("appeal turned down")

    case = models.ForeignKey(Case, verbose_name=_("case"), on_delete=models.CASCADE, related_name="judgements")
    reviewer = models.ForeignKey(
        PLAYER, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="judgements"
    )
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    why = models.CharField(_("why"), max_length=300, blank=True)
    detail = models.JSONField(_("details"), default=dict)  # what undoing has to put back, and what was judged
    key = models.CharField(_("key"), max_length=40, unique=True)  # a click that arrives twice counts once
    at = models.DateTimeField(_("when"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        PLAYER, verbose_name=_("undone by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(undone_at=None), name="one_judgement_in_force")
        ]
        indexes = [models.Index(fields=["reviewer", "-at"])]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} {self.pk}"


class Ruling(models.Model):
    """What the judgement in force says of one query. The query itself stays as it was typed."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        CORRECTED = "corrected", _("spelling mended")
        DISCARDED = "discarded", _("discarded")

    query = models.OneToOneField(Query, verbose_name=_("query"), on_delete=models.CASCADE, related_name="ruling")
    judgement = models.ForeignKey(Judgement, on_delete=models.CASCADE, related_name="rulings")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    text = models.CharField(_("mended"), max_length=200, blank=True)  # only when corrected
    normalised = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")


class SameStickers(models.Model):
    """Two stickers that a reviewer found to say the same; they never stand among each other's candidates."""

    first = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="+")
    judgement = models.ForeignKey(Judgement, on_delete=models.CASCADE, related_name="same")

    class Meta:
        verbose_name = _("pair of same stickers")
        verbose_name_plural = _("pairs of same stickers")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="same_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="same_in_order"),
        ]

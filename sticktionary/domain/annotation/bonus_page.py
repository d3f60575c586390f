"""What a bonus page shows, and what a summary says of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.utils import timezone

from retrieval_engine.taxonomy import Label, Taxonomy
from sticktionary.domain import rules
from sticktionary.domain.annotation import answers, bonus
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.snapshot import BonusTurn, ChatLine, Choice, Choices, Nothing
from sticktionary.models import Annotation, LedgerEntry, Player, Sitting, Sticker, Task, Utterance

LINES_OF_CHAT = 10
OTHER = {"en": "zh", "zh": "en"}


def turn_of(player: Player, page: Annotation) -> BonusTurn | Nothing:
    if page.sticker.state != Sticker.State.ACTIVE or not page.sticker.pack.is_active:
        return Nothing("gone")
    if page.lease_until <= timezone.now() and not bonus.is_still_needed(page):
        return Nothing("lapsed")
    assert page.sitting is not None
    labels = answers.label_set(page.task)
    return BonusTurn(
        lease=bonus.lease_of(page.pk, player.pk),
        lease_until=page.lease_until.timestamp(),
        task=page.task,
        number=bonus.n_had(page.sitting) + 1,
        n_pages=max(rules.current().n_bonus_pages, bonus.n_had(page.sitting) + 1),
        sticker=picture_of(page.sticker),
        groups=groups(labels, page.language) if labels else [],
        chat=chat_of(page.utterance) if page.utterance else [],
        printed=page.sticker.printed_text if page.task == Task.TEXT else "",
    )


def groups(labels: Taxonomy, language: str) -> list[Choices]:
    rows = list(labels.labels.values())
    if not labels.groups:
        return [Choices("", [choice(label, language) for label in rows])]
    return [
        Choices(group.name[language], [choice(label, language) for label in rows if label.parent == group.id])
        for group in labels.groups
    ]


def choice(label: Label, language: str) -> Choice:
    return Choice(label.id, label.name[language], label.name[OTHER[language]], label.gloss.get(language, ""))


def chat_of(asked: Utterance) -> list[ChatLine]:
    """The last lines before the sticker, and the sticker. Speakers are pseudonyms already."""
    upto = Utterance.objects.filter(session=asked.session_id, number__lte=asked.number).select_related("sticker")
    lines = list(upto.order_by("-number")[: LINES_OF_CHAT + 1])[::-1]
    return [_line(said, is_asked=said.pk == asked.pk) for said in lines]


def _line(said: Utterance, *, is_asked: bool) -> ChatLine:
    shown = said.sticker if said.sticker and said.sticker.state == Sticker.State.ACTIVE else None
    return ChatLine(said.speaker, said.text, picture_of(shown) if shown else None, is_asked)


def tally(sitting: Sitting) -> dict[str, Any]:
    """How many of the sitting's bonus pages were answered, and what has been paid for them so far."""
    answered = sitting.bonus_pages.filter(state=Annotation.State.ANSWERED)
    keys = [f"annotated:{pk}" for pk in answered.values_list("pk", flat=True)]
    paid = LedgerEntry.objects.filter(key__in=keys).aggregate(Sum("n_points"))["n_points__sum"] if keys else 0
    return {"n_bonus": len(keys), "bonus_points": paid or 0}

"""Which stickers are hard to find from what people write for them."""

from __future__ import annotations

from django.db.models import F, QuerySet

from sticktionary.domain.quality.skill import Z95, Belief, p_find
from sticktionary.models import Sticker, StickerDifficulty


def hardest(language: str) -> QuerySet[StickerDifficulty]:
    """Those that are surely hard first: by the lower end of the interval, so that one missed once is not among them."""
    held = StickerDifficulty.objects.filter(language=language).exclude(sticker__state=Sticker.State.WITHDRAWN)
    surely = held.annotate(at_least=F("difficulty") - Z95 * F("sd"))
    return surely.select_related("sticker__pack").order_by("-at_least", "sticker_id")


def share_found(row: StickerDifficulty) -> tuple[float, float, float]:
    """How likely an average player finds it from an average player's words, and the 95 % interval."""
    belief = Belief(row.difficulty, row.sd)
    return p_find(-belief.mean), p_find(-belief.high), p_find(-belief.low)

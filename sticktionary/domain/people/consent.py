"""What players agree to before they play: a numbered text per edition, and a record of who agreed to which words."""

from __future__ import annotations

from hashlib import sha256

from django.conf import settings
from django.template.loader import render_to_string

from sticktionary.models import Consent, Player


def has_consented(player: Player) -> bool:
    """Whether the player agreed to the text that is in force now; nobody plays without."""
    return player.consents.filter(version=settings.CONSENT_VERSION).exists()


def give_consent(*, player_id: int, language: str) -> None:
    """Record agreement to the text of an edition; agreeing twice changes nothing."""
    Consent.objects.get_or_create(
        player_id=player_id,
        version=settings.CONSENT_VERSION,
        defaults={"language": language, "text_sha256": sha256(text_of(language).encode()).hexdigest()},
    )


def text_of(language: str) -> str:
    return render_to_string(f"people/consent/{language}.html")

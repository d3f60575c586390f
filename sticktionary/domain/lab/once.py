"""A program that hears no answer asks again; under a key of its own it starts one run, however often it asks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import runs
from sticktionary.models import Player, StartKey, TrainingRun


def start(*, actor: Player, key: str, **order: Any) -> TrainingRun:
    """Start the run of this order, or find the one that was started under the key. A key stands for one order."""
    digest = _digest(order)
    try:
        with transaction.atomic():
            held = StartKey.objects.create(player=actor, key=key, digest=digest)
            held.run = runs.start(actor=actor, **order)
            held.save(update_fields=["run"])
            return held.run
    except IntegrityError:
        return _started(StartKey.objects.select_related("run").get(player=actor, key=key), digest)


def _started(held: StartKey, digest: str) -> TrainingRun:
    if held.digest != digest:
        raise Refused("key_used", _("This key stands for another run already. Choose a new one."))
    assert held.run is not None
    return held.run


def _digest(order: dict[str, Any]) -> str:
    plain = {name: getattr(value, "pk", value) for name, value in order.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()

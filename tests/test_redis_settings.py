"""What the settings make of a Redis; no server is needed to read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

READ = """
import json
from channels_redis.pubsub import RedisPubSubChannelLayer
from channels_redis.utils import create_pool, decode_hosts
from sticktionary import settings
layer = settings.CHANNEL_LAYERS["default"]["CONFIG"]
RedisPubSubChannelLayer(**layer)
[host] = decode_hosts(layer["hosts"])
print(json.dumps({
    "backend": settings.CHANNEL_LAYERS["default"]["BACKEND"],
    "waits_s": create_pool(host).connection_kwargs["socket_timeout"],
    "prefixes": [
        layer["prefix"],
        settings.CACHES["default"]["KEY_PREFIX"],
        settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"],
    ],
}))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    asked: dict[str, str] = {
        **os.environ,
        "STICKTIONARY_DATA": str(tmp_path_factory.mktemp("data")),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CHANNEL_PREFIX": "mine",
    }
    command = [sys.executable, "-c", READ]
    root = Path(__file__).parent.parent
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=asked, cwd=root)
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_events_are_passed_on_and_kept_nowhere(read: dict[str, Any]) -> None:
    assert read["backend"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert read["waits_s"] == 30


def test_two_installations_on_one_redis_share_no_key(read: dict[str, Any]) -> None:
    assert read["prefixes"] == ["mine", "mine", "mine:celery:"]

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
from channels_redis.core import RedisChannelLayer
from sticktionary import settings
layer = settings.CHANNEL_LAYERS["default"]["CONFIG"]
pool = RedisChannelLayer(**layer).create_pool(0)
print(json.dumps({
    "waits_s": pool.connection_kwargs["socket_timeout"],
    "blocks_s": RedisChannelLayer.brpop_timeout,
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


def test_an_idle_page_may_block_on_redis_for_longer_than_its_read_lasts(read: dict[str, Any]) -> None:
    assert read["waits_s"] >= 2 * read["blocks_s"]


def test_two_installations_on_one_redis_share_no_key(read: dict[str, Any]) -> None:
    assert read["prefixes"] == ["mine", "mine", "mine:celery:"]

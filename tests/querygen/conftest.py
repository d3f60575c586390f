from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is fetched, whatever a test asks for

import pytest
import torch

from retrieval_engine.querygen.loading import load
from retrieval_engine.querygen.model import VisionLanguage

torch.set_num_threads(1)  # tiny models: more threads only wait for each other

CPU = torch.device("cpu")


def tiny(seed: int = 0) -> VisionLanguage:
    """A model made here, that knows some words."""
    return load("tiny", CPU, texts=["so tired, need a nap, happy tears", "好累, 想睡觉, 笑出眼泪"], seed=seed)


@pytest.fixture
def held() -> VisionLanguage:
    return tiny()

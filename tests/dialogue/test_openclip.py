"""Towers of a retrieval model under a model of conversations."""

from __future__ import annotations

from pathlib import Path

import torch

from retrieval_engine.dialogue.bases.openclip import OpenClipJoint
from retrieval_engine.dialogue.bases.towers import rebuilt
from retrieval_engine.untrained import TINY, small_clip


def test_vectors_are_those_of_the_retrieval_model_and_the_shape_makes_it_anew(tmp_path: Path) -> None:
    clip = small_clip("tiny", TINY, ["so tired, need a nap", "好累"])
    expected = torch.from_numpy(clip.encode_texts(["so tired", "好累"]))
    joint = OpenClipJoint(clip).eval()
    frames = torch.randint(0, 256, (2, joint.size, joint.size, 3), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.allclose(joint.vectors_of(["so tired", "好累"], 24), expected, atol=1e-5)
        seen = joint.see(frames)
    assert seen.vector.shape == (2, joint.width)
    assert seen.tokens.shape[-1] == seen.pooled.shape[-1] == joint.image_width
    joint.write_shape(tmp_path)
    again = rebuilt(tmp_path).eval()
    again.load_state_dict(joint.state_dict())
    with torch.no_grad():
        assert torch.equal(again.see(frames).vector, seen.vector)
        assert torch.allclose(again.vectors_of(["so tired", "好累"], 24), expected, atol=1e-5)

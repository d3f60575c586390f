"""Measures with weights, on a tiny random model made here: the real code, not good figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval_engine.__main__ import main
from retrieval_engine.embedding import BertScore, Cosine
from retrieval_engine.text_agreement import Row, agreement
from retrieval_engine.transformer import Transformer, measures_with

TEXTS = ["so sad", "sad cat", "happy", "cat"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = {word: n for n, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "so", "sad", "cat", "happy"])}
    words = Tokenizer(models.WordLevel(vocabulary, "[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    words.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    folder = tmp_path_factory.mktemp("models") / "tiny"
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=words, **named).save_pretrained(folder)
    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **shape)).save_pretrained(folder)
    return folder


def states_of(weights: Path, text: str, layer: int) -> np.ndarray[Any, Any]:
    """One text at a time, without padding: the tokens between the two special ones."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    fed = AutoTokenizer.from_pretrained(weights)(text, return_tensors="pt")
    with torch.inference_mode():
        states = AutoModel.from_pretrained(weights).eval()(**fed, output_hidden_states=True).hidden_states
    return np.asarray(states[layer][0, 1:-1])


def test_an_embedding_is_the_mean_of_the_last_layer_without_special_tokens(weights: Path) -> None:
    vectors = Transformer(weights).encode(TEXTS)
    by_hand = np.stack([states_of(weights, text, 2).mean(axis=0) for text in TEXTS])
    np.testing.assert_allclose(vectors, by_hand, atol=1e-5)
    cosine = Cosine(Transformer(weights), "tiny")
    cosine.prepare(TEXTS)
    one, other = by_hand[0] / np.linalg.norm(by_hand[0]), by_hand[1] / np.linalg.norm(by_hand[1])
    assert cosine(TEXTS[0], TEXTS[1]) == pytest.approx(one @ other, abs=1e-5)


@pytest.mark.parametrize("layer", [1, 2])
def test_bertscore_is_the_greedy_matching_of_a_matrix_by_hand(weights: Path, layer: int) -> None:
    measure = BertScore(Transformer(weights), layer)
    measure.prepare(TEXTS)
    one, other = states_of(weights, "so sad", layer), states_of(weights, "sad cat", layer)
    matrix = [[float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in other] for a in one]
    precision = (max(matrix[0]) + max(matrix[1])) / 2
    recall = (max(matrix[0][0], matrix[1][0]) + max(matrix[0][1], matrix[1][1])) / 2
    f1 = 2 * precision * recall / (precision + recall)
    assert measure.parts("so sad", "sad cat") == pytest.approx((precision, recall, f1), abs=1e-5)
    assert measure("cat", "cat") == pytest.approx(1)
    assert measure.name == f"BERTScore F (tiny, layer {layer})"


def test_a_text_without_tokens_is_like_nothing(weights: Path) -> None:
    score, cosine = measures_with(weights)[::-1]
    for measure in (score, cosine):
        measure.prepare(["", "cat"])
        assert measure("", "cat") == 0


def test_agreement_with_weights_has_its_baseline(weights: Path) -> None:
    queries = {name: [[text], [text]] for name, text in zip("abcd", TEXTS, strict=True)}
    rows: list[Row] = agreement(queries, measures_with(weights), ["list"])
    assert [row.measure for row in rows] == ["cosine (tiny)", "BERTScore F (tiny, layer 2)"]
    for row in rows:
        assert row.estimate.value == pytest.approx(1, abs=1e-5)
        assert row.baseline.value < 0.999


def test_a_layer_that_is_not_there_and_a_folder_without_weights(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the model has layers 1 to 2, not 3"):
        measures_with(weights, 3)
    with pytest.raises(ValueError, match="neither a bundle nor a model of transformers"):
        measures_with(tmp_path)


def test_the_command_takes_weights(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["stats", str(folder), "--weights", str(weights), "--weights", "starter_pack/clip", "--layer", "1"]) == 0
    )
    out = capsys.readouterr().out
    assert "BERTScore F (tiny, layer 1), within" in out
    assert "cosine (starter), within" in out
    assert "need weights" not in out

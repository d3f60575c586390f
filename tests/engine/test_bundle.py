"""What is published and served on ONNX Runtime is what torch and open_clip compute."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from retrieval_engine.bundle import BundleError
from retrieval_engine.encoder import Clip, ModelUnavailable, load
from retrieval_engine.export import ExportError, export
from retrieval_engine.frames import FrameError, key_frames
from retrieval_engine.searcher import Searcher
from retrieval_engine.serving import Bundle
from retrieval_engine.untrained import small_clip

TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "image_size": 32},
    "text_cfg": {"context_length": 12, "vocab_size": 400, "width": 32, "heads": 2, "layers": 1},
}
QUERIES = ["so tired", "好累", "nooooo", "haha 哈哈 😂", "when the weekend is finally here and nobody can stop me", ""]


def picture(*colours: str, format: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    frames = [Image.new("RGBA", size, colour) for colour in colours]
    moving: dict[str, Any] = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    (frames[0] if format != "JPEG" else frames[0].convert("RGB")).save(file := BytesIO(), format, **moving)
    return file.getvalue()


@pytest.fixture(scope="module")
def clip() -> Clip:
    clip = small_clip("tiny", TINY, QUERIES, seed=1)
    clip.model.eval()
    return clip


@pytest.fixture(scope="module")
def folder(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    export(clip, folder, half=True)
    return folder


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return Bundle.open(folder)


def test_texts_and_stickers_get_torch_s_vectors(clip: Clip, bundle: Bundle) -> None:
    texts, expected = bundle.encode(QUERIES), clip.encode_texts(QUERIES)
    assert (texts * expected).sum(1).min() > 0.999
    stickers = [picture("red"), picture("red", "blue", "#0000ff40", "green", format="GIF")]
    vectors = bundle.encode_stickers(stickers)
    assert (vectors * clip.encode_stickers(stickers)).sum(1).min() > 0.999
    for array in (texts, vectors):
        assert array.dtype == np.float32
        assert np.linalg.norm(array, axis=1) == pytest.approx(np.ones(len(array)), abs=1e-5)


def test_nothing_is_said_of_the_machine_that_exported(folder: Path) -> None:
    for graph in folder.glob("*.onnx"):
        assert b"site-packages" not in graph.read_bytes()


def test_a_text_has_one_vector_whatever_it_is_encoded_with(folder: Path) -> None:
    alone = np.concatenate([Bundle.open(folder).encode([query]) for query in QUERIES])
    bundle = Bundle.open(folder)
    assert bundle.encode([*QUERIES, *QUERIES]) == pytest.approx(np.concatenate([alone, alone]), abs=1e-5)
    assert bundle.encode(["HAO", "Ｈａｏ", "hao"]) == pytest.approx(
        np.repeat(bundle.encode(["hao"]), 3, axis=0), abs=1e-6
    )
    assert bundle.encode([]).shape == bundle.encode_stickers([]).shape == (0, 32)
    assert bundle.encode(["x" * 1_000_000]).shape == (1, 32)


def test_a_searcher_finds_by_picture_with_a_bundle(bundle: Bundle) -> None:
    searcher = Searcher(bundle)
    searcher.put(1, "red", bundle.encode_stickers([picture("red")])[0])
    searcher.put(2, "blue", bundle.encode_stickers([picture("blue")])[0])
    assert {hit.id for hit in searcher.search("anything", mode="dense")} == {1, 2}
    assert searcher.model_version == bundle.version


def test_the_version_is_the_content(clip: Clip, folder: Path, tmp_path: Path, bundle: Bundle) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert Bundle.open(tmp_path / "copy").version == bundle.version
    assert len(bundle.version) == 16
    manifest = json.loads((folder / "bundle.json").read_text())
    assert (manifest["name"], manifest["version"], manifest["dim"]) == ("tiny", bundle.version, 32)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "bundle.json").unlink(), "no bundle.json"),
        (lambda folder: (folder / "bundle.json").write_text("{}"), "not a bundle's manifest"),
        (lambda folder: (folder / "bundle.json").write_text("\x00"), "not a bundle's manifest"),
        (lambda folder: (folder / "image.onnx").unlink(), "incomplete, without image.onnx"),
        (lambda folder: (folder / "text.onnx").write_bytes(b"no"), "text.onnx was changed"),
        (lambda folder: (folder / "open_clip_model.safetensors").write_bytes(b"no"), "safetensors was changed"),
        (
            lambda folder: (folder / "bundle.json").write_text(
                (folder / "bundle.json").read_text().replace('"context_length": 12', '"context_length": 9')
            ),
            "bundle.json was changed",
        ),
    ],
)
def test_a_damaged_bundle_is_refused(folder: Path, tmp_path: Path, damage: Any, message: str) -> None:
    shutil.copytree(folder, tmp_path / "damaged")
    damage(tmp_path / "damaged")
    with pytest.raises(BundleError, match=message):
        Bundle.open(tmp_path / "damaged")


def test_a_model_whose_export_differs_is_not_published(clip: Clip, folder: Path, bundle: Bundle) -> None:
    wrong = small_clip("wrong", TINY, [*QUERIES, "another tokenizer altogether"], seed=1)
    wrong.tokenizer = clip.tokenizer
    with pytest.raises(ExportError, match="is tokenised to"):
        export(wrong, folder)
    assert Bundle.open(folder).version == bundle.version


def hugging_face_model(folder: Path) -> Path:
    """A folder as `load` takes it: an untrained CLIP whose text tower and tokenizer are of transformers."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=80, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(QUERIES * 5, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    size: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    vocabulary: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "pad_token_id": 1,
        "max_position_embeddings": 40,
    }
    transformers.XLMRobertaConfig(**size, **vocabulary).save_pretrained(folder)
    text = {"hf_model_name": str(folder), "hf_tokenizer_name": str(folder), "hf_model_pretrained": False}
    config = {**TINY, "text_cfg": {**text, "hf_pooler_type": "mean_pooler", "context_length": 30}}
    torch.save(open_clip.CustomTextCLIP(**config).state_dict(), folder / "open_clip_pytorch_model.bin")
    content = {"model_cfg": config, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    return folder


def test_a_text_tower_of_hugging_face_is_published_too(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    clip = load(str(hugging_face_model(tmp_path / "model")), name="hugging face")
    bundle = export(clip, tmp_path / "bundle")
    queries = [query for query in QUERIES if query]
    assert (bundle.encode(queries) * clip.encode_texts(queries)).sum(1).min() > 0.999
    assert (bundle.name, bundle.manifest.text.pad_id, bundle.manifest.text.any_length) == ("hugging face", 1, True)

    shutil.rmtree(tmp_path / "model")
    again = load(str(tmp_path / "bundle"))
    assert again.encode_texts(queries) == pytest.approx(clip.encode_texts(queries), abs=1e-5)


def test_a_bundle_can_be_trained_on_from_its_weights(clip: Clip, folder: Path) -> None:
    again = load(str(folder))
    pictures = [picture("red"), picture("red", "blue", "green", format="GIF")]
    assert (again.encode_texts(QUERIES) * clip.encode_texts(QUERIES)).sum(1).min() > 0.9999
    assert (again.encode_stickers(pictures) * clip.encode_stickers(pictures)).sum(1).min() > 0.9999
    assert again.ids(QUERIES).equal(clip.ids(QUERIES))


def test_a_bundle_says_where_it_comes_from_and_keeps_its_figures(clip: Clip, folder: Path, tmp_path: Path) -> None:
    bundle = export(clip, tmp_path / "b", half=True, lineage={"run": "7"}, metrics={"figures": []})
    assert bundle.manifest.lineage == {"run": "7"}
    assert json.loads((tmp_path / "b" / "metrics.json").read_text()) == {"figures": []}
    assert bundle.version == Bundle.open(folder).version  # which is of what makes vectors
    (tmp_path / "b" / "metrics.json").write_text('{"figures": [1]}')
    with pytest.raises(BundleError, match=r"metrics\.json was changed"):
        Bundle.open(tmp_path / "b")


def test_a_bundle_of_the_first_format_is_searched_with_but_not_trained_on(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    manifest = json.loads((folder / "bundle.json").read_text())
    for name in ("open_clip_model.safetensors", "open_clip_config.json"):
        (tmp_path / "old" / name).unlink()
        del manifest["files"][name]
    (tmp_path / "old" / "bundle.json").write_text(json.dumps({**manifest, "format": 1}))
    assert Bundle.open(tmp_path / "old").version == Bundle.open(folder).version
    with pytest.raises(ModelUnavailable, match="published without its weights"):
        load(str(tmp_path / "old"))


def test_frames_are_first_middle_and_last_on_white_and_square() -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff"]
    for format in ("PNG", "WEBP", "GIF"):
        moving = picture(*colours, format=format)
        middles = [frame.getpixel((20, 20)) for frame in key_frames(moving)]
        expected = [(255, 0, 0), (0, 0, 255), (255, 0, 255)]
        assert np.abs(np.array(middles) - np.array(expected)).max() <= 3, format
    (still,) = key_frames(picture("#00000000", size=(10, 40)))
    assert (still.size, still.mode, still.getcolors()) == ((40, 40), "RGB", [(1600, (255, 255, 255))])
    assert len(key_frames(picture("red", "blue"))) == 2
    assert len(key_frames(picture("red", format="JPEG"))) == 1


@pytest.mark.parametrize("broken", [b"", b"GIF89a", b"<html>", picture("red")[:60]])
def test_what_is_no_picture_is_named(broken: bytes, bundle: Bundle) -> None:
    with pytest.raises(FrameError, match="not a readable picture"):
        bundle.encode_stickers([broken])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ViT-B-32", "say which weights"),
        ("ViT-B-33:openai", "knows no model"),
        ("ViT-B-32:nonsense", "no such weights; known"),
        ("/nowhere/at/all", "say which weights"),
    ],
)
def test_a_model_that_cannot_be_had_says_why(spec: str, message: str) -> None:
    with pytest.raises(ModelUnavailable, match=message):
        load(spec)


def test_a_folder_without_a_model_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=str(tmp_path)):
        load(str(tmp_path))


def test_serving_and_search_import_no_torch() -> None:
    modules = ["searcher", "serving", "text", "lexical", "dense", "fusion", "bundle", "data", "frames", "evaluate"]
    modules += ["catalogue", "metrics", "stickerclip.recipe", "__main__"]
    imports = "; ".join(f"import retrieval_engine.{module}" for module in modules)
    heavy = "{'torch', 'open_clip', 'transformers', 'torchvision', 'django', 'scipy'}"
    alone = "import sys; sys.modules['numba'] = None"  # where it is installed it brings SciPy; we do without both
    run = subprocess.run(
        [sys.executable, "-c", f"{alone}; {imports}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"

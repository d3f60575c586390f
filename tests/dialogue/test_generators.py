"""Providers with weights: tiny ones know nothing, so that what they say is nonsense; how they are asked is real."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from retrieval_engine import __main__ as commands
from retrieval_engine.data import DataError
from retrieval_engine.dialogue.bases.tiny import language_model
from retrieval_engine.dialogue.data.conversations import Conversations, Session, Sticker, Turn, Use
from retrieval_engine.dialogue.telling import answers, providing, sources
from retrieval_engine.dialogue.telling.asking import ASKED
from retrieval_engine.dialogue.telling.generators import Instruct, Looking
from retrieval_engine.dialogue.telling.knowing import polarity
from retrieval_engine.dialogue.telling.providers import NOTHING, By, Cache, Provided, ProviderError, Table, digest_of
from retrieval_engine.querygen import tiny as tiny_vision
from retrieval_engine.text import normalise
from retrieval_engine.tokenizing import PAD, train_bpe
from retrieval_engine.training.run import Refused

TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
WORDS = ["so tired need a nap", "the exam was cancelled", "好累 想睡觉", "user: assistant:"]


@pytest.fixture(scope="module")
def instruct(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A language model of two layers in a folder, as a hub would have it."""
    folder = tmp_path_factory.mktemp("models") / "talker"
    model, tokenizer = language_model(WORDS, seed=0)
    tokenizer.chat_template = TEMPLATE
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models") / "looker"
    model, processor = tiny_vision.build(WORDS, seed=0)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)


def classifier(folder: Path, labels: list[str]) -> str:
    learned = train_bpe(map(normalise, WORDS), 300)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=learned, pad_token=PAD)  # type: ignore[no-untyped-call]
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        id2label=dict(enumerate(labels)), label2id={name: at for at, name in enumerate(labels)},
    )  # fmt: skip
    torch.manual_seed(0)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


# --- how answers are read ---


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ('{"xIntent": "to rest", "xReact": "tired"}', "to rest; tired"),
        ('<think>{"xIntent": "no"}</think>```json\n{"XINTENT": ["to rest", "to sleep"]}\n``` Done!', "to rest"),
        ('{"x_want": "a {nap}, now",}', "a {nap}, now"),
        ("{“xIntent”：“想休息”，“xReact”：“累”}", "想休息; 累"),
        ('{"xIntent": "to rest", "xNeed": "to wo', "to rest"),
        ("{'xReact': 'can\\'t wait'}", "can't wait"),
        ('{"xIntent": "to rest", "xNeed": "None."}', "to rest"),
    ],
)
def test_a_relation_is_read_from_whatever_stands_around_it(said: str, wanted: str) -> None:
    assert answers.knowledge(said) == wanted


@pytest.mark.parametrize(
    "said", ["", "to rest", "{}", "[1]", '{"mood": "glad"}', '{"xIntent": "to r', '{"xIntent": 3}']
)
def test_what_holds_no_relation_is_nonsense(said: str) -> None:
    with pytest.raises(ValueError, match=r"no JSON object|none of the five|cannot be mended"):
        answers.knowledge(said)


def test_attributes_are_lists_of_short_words_and_an_empty_one_says_none() -> None:
    said = '{"Facial_Expression": "grin; tears", "verbal": "none", "gesture": ["waving", "waving", "' + "x" * 31 + '"]}'
    assert json.loads(answers.attributes(said)) == {"gesture": ["waving"], "face": ["grin", "tears"], "verbal": []}
    for nonsense in ('{"face": 3}', '{"mood": "glad"}', "a grin"):
        with pytest.raises(ValueError, match=r"no words|none of the four|no JSON"):
            answers.attributes(nonsense)


def test_a_summary_is_five_sentences_at_most_and_a_caption_one() -> None:
    said = '"User_1 lost 3.5 games. He is sad! Why?\nNobody knows. The end. More. And more."'
    assert answers.summary(said) == "User_1 lost 3.5 games. He is sad! Why? Nobody knows. The end."
    assert answers.caption("一只猫在睡觉。它很累。") == "一只猫在睡觉。"
    with pytest.raises(ValueError, match="no words"):
        answers.summary("... !!")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("so proud of you", "so proud of you"),
        ('<think>hm</think>\n1. "So proud!"\n2. well done', "So proud!"),
        ("Search query: happy tears.", "happy tears"),
        ("搜索词：“为你骄傲”", "为你骄傲"),
        ("...\n- tired cat", "tired cat"),
        ("querying minds", "querying minds"),
    ],
)
def test_a_query_is_the_first_line_with_words(said: str, wanted: str) -> None:
    assert answers.query(said) == wanted


@pytest.mark.parametrize("said", ["", "?!", "a " * 40])
def test_what_is_no_query_is_nonsense(said: str) -> None:
    with pytest.raises(ValueError, match=r"no words|no query: 79 characters"):
        answers.query(said)


# --- models ---


def test_a_prompt_keeps_the_end_of_a_chat_that_is_too_long(instruct: str) -> None:
    model = Instruct("knowledge", instruct, device="cpu")
    model.prepare()
    long = " ".join(f"nap {n}" for n in range(9_000))
    _model, tokenizer = model.held
    prompt = model._prompt(long, "en")
    assert len(tokenizer(prompt)["input_ids"]) <= 2_048 - ASKED["knowledge"].n_tokens + 8
    assert "nap 8999" in " ".join(prompt.split())
    assert prompt.startswith("user: Below is the end of a chat.")
    assert prompt.endswith("assistant:")


def test_a_model_that_knows_nothing_is_replaced_and_the_reason_is_kept_with_the_value(instruct: str) -> None:
    provided = sources.provider("knowledge", instruct, device="cpu")
    values = provided(["User_1: so tired", "User_2: the exam was cancelled"], "en")
    name = Instruct("knowledge", instruct).name
    assert name.startswith("talker~")
    assert name.endswith("@p1")
    assert [(value.text, value.by, value.provider) for value in values] == [("", "stub", "nothing@1")] * 2
    assert all(value.problem.startswith(f"{name} gave nonsense: no JSON object") for value in values)
    with pytest.raises(ProviderError, match="no JSON object"):
        sources.provider("knowledge", instruct, device="cpu", strict=True)(["so tired"], "zh")


def test_the_same_question_has_the_same_answer_alone_and_among_others(instruct: str) -> None:
    model = Instruct("summary", instruct, device="cpu")
    model.asked = replace(model.asked, n_tokens=12)
    texts = ["User_1: so tired", "User_1: 好累\nUser_2: need a nap, the exam was cancelled", "x"]
    together = model(texts, "zh")
    assert [model([text], "zh")[0][:20] for text in texts] == [text[:20] for text in together]
    assert len(set(together)) > 1


def test_memory_that_runs_out_is_asked_for_half_at_a_time(instruct: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = Instruct("summary", instruct, device="cpu"), list[int]()

    def narrow(texts: list[str], language: str) -> list[str]:
        asked.append(len(texts))
        if len(texts) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [text.upper() for text in texts]

    monkeypatch.setattr(model, "_answers", narrow)
    assert model(["a", "b", "c", "d", "e"], "en") == ["A", "B", "C", "D", "E"]
    assert asked == [5, 2, 3, 1, 2]


def test_a_picture_is_asked_about_by_what_its_file_holds(vision: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{colour}.png" for colour in ("red", "blue")]
    for path in paths:
        Image.new("RGB", (40, 30), path.stem).save(path)
    pictures = {digest_of(path.stem): path for path in paths}
    said = Looking("caption", vision, pictures, device="cpu")(list(pictures), "en")
    assert len(said) == 2
    provided = sources.provider("attributes", vision, pictures=pictures, device="cpu")
    (value,) = provided(["unknown"], "zh")
    assert (value.by, value.problem.partition(": ")[2]) == ("stub", "'unknown'")


def test_sentiment_is_how_likely_the_glad_labels_are_together(tmp_path: Path) -> None:
    for labels in (["negative", "neutral", "positive"], ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]):
        base = classifier(tmp_path / str(len(labels)), labels)
        first, second = sources.provider("sentiment", base, device="cpu", strict=True)(["so tired", "好累"], "en")
        for value in (first, second):
            told = polarity(value.text)
            assert 0 < told.positive < 1
            assert 0 < told.negative < 1
            assert told.positive + told.negative < 1
    emotions = classifier(tmp_path / "emotions", ["joy", "grief"])
    (value,) = sources.provider("sentiment", emotions, device="cpu", strict=True)(["so tired"], "en")
    told = polarity(value.text)
    assert told.positive + told.negative == pytest.approx(1, abs=1e-3)
    unnamed = sources.provider("sentiment", classifier(tmp_path / "unnamed", ["LABEL_0", "LABEL_1"]), strict=True)
    with pytest.raises(ProviderError, match="nothing says whether its label LABEL_0 is glad or not"):
        unnamed(["so tired"], "en")


def test_a_model_that_is_not_there_is_refused_and_one_that_cannot_be_opened_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no model in this folder"):
        sources.provider("knowledge", str(tmp_path / "nowhere"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    (value,) = sources.provider("knowledge", str(tmp_path / "broken"), device="cpu")(["so tired"], "en")
    assert (value.by, value.provider) == ("stub", "nothing@1")
    assert f"The model {tmp_path}/broken cannot be opened: " in value.problem


def test_a_specification_is_nothing_a_file_or_a_model(tmp_path: Path) -> None:
    assert sources.provider("knowledge").provider_name == "nothing@1"
    assert sources.provider("summary").provider_name == "salient-turns@1"
    with pytest.raises(Refused, match="there is no file of values"):
        sources.provider("knowledge", str(tmp_path / "none.jsonl"))
    file = tmp_path / "kept.jsonl"
    Provided("summary", Table({"a": "b"}, name="some/model@p1", by="model"), cache=Cache(file))(["a"], "en")
    with pytest.raises(Refused, match="no values of knowledge"):
        sources.provider("knowledge", str(file))
    provided = sources.provider("summary", str(file))
    assert [value.text for value in provided(["a", "User_1: new"], "en")] == ["b", "User_1: new"]
    assert provided.told() == {"kind": "summary", "provider": "some/model@p1", "model": 1, "stub": 1}


# --- beforehand ---


def use(id: str, said: str, language: str = "en", earlier: tuple[Session, ...] = ()) -> Use:
    turns = (Turn("User_1", "hello"), Turn("User_2", said, polarity=None))
    return Use(id, f"ses_{id}", "chat_1", language, "train", "User_1", turns, "stk_1", earlier=earlier)


@pytest.fixture
def told() -> Conversations:
    summed = Session("ses_0", "chat_1", 1, (Turn("User_1", "hm"),), "They hum.")
    open_ = Session("ses_1", "chat_1", 2, (Turn("User_1", "so tired"), Turn("User_2", "", "stk_1")))
    uses = [use("a", "so tired", earlier=(summed, open_)), use("b", "so tired"), use("c", "好累", "zh")]
    return Conversations([Sticker("stk_1", "g", "p", {"face": "grin"})], uses)


def test_what_models_will_ask_is_asked_once_each(told: Conversations) -> None:
    assert providing.wanted("knowledge", told) == {
        "en": ["User_1: hello\nUser_2: so tired"],
        "zh": ["User_1: hello\nUser_2: 好累"],
    }
    assert providing.wanted("query", told) == providing.wanted("knowledge", told)
    assert providing.wanted("knowledge", told, n_turns=1) == {"en": ["User_2: so tired"], "zh": ["User_2: 好累"]}
    assert providing.wanted("summary", told) == {"en": ["User_1: so tired"]}
    assert providing.wanted("sentiment", told) == {"en": ["hello", "so tired"], "zh": ["hello", "好累"]}
    assert providing.wanted("caption", told, digests=["d", "d"]) == {"en": ["d"], "zh": ["d"]}


class Stopping:
    """A model whose process is killed at its n-th call."""

    name: str = "model@p1"
    by: By = "model"

    def __init__(self, calls: int) -> None:
        self._calls, self.asked = calls, list[str]()

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        self.asked += inputs
        return [text.upper() for text in inputs]

    def told(self, n: int, of: int) -> None:
        self._calls -= 1
        if not self._calls:
            raise KeyboardInterrupt


def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    inputs, file = {"en": [f"input {n}" for n in range(70)]}, tmp_path / "values.jsonl"
    first = Stopping(2)
    with pytest.raises(KeyboardInterrupt):
        providing.fill(Provided("caption", first, cache=Cache(file)), inputs, first.told)
    second = Stopping(0)
    counts = providing.fill(Provided("caption", second, cache=Cache(file)), inputs, second.told)
    assert (first.asked, second.asked) == (inputs["en"][:64], inputs["en"][64:])
    assert counts == {"kept": 64, "made": 6}
    assert [value.text for value in sources.provider("caption", str(file))(inputs["en"][:2], "en")] == [
        "INPUT 0",
        "INPUT 1",
    ]


def test_what_nobody_said_of_a_sticker_is_told_by_a_model(told: Conversations) -> None:
    said = '{"gesture": ["waving", "bow"], "face": ["tears"], "verbal": []}'
    provided = Provided("attributes", Table({"d": said}), check=answers.attributes)
    (sticker,) = providing.described(told, provided, ["d"], "en").stickers
    assert sticker.attributes == {"gesture": "waving, bow", "face": "grin", "verbal": ""}
    (as_before,) = providing.described(told, Provided("attributes", stub=NOTHING), ["d"], "en").stickers
    assert as_before == told.stickers[0]


def test_the_command_fills_a_file_and_a_folder_that_is_none_is_an_error(
    instruct: str, told: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "k.jsonl"
    asked = ["provide", "--kind", "knowledge", "--model", instruct, "--device", "cpu", "--out", str(file)]
    assert commands.main([*asked, "--release", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"DataError: {tmp_path}/none: there is no such folder\n"
    with pytest.raises(DataError):
        providing.read(tmp_path)
    monkeypatch.setattr(providing, "read", lambda folder: told)
    assert commands.main([*asked, "--release", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.err == "1 of 2\n2 of 2\n"
    assert [line.partition(" ")[0] for line in printed.out.splitlines()] in (["1", "1"], ["2"])
    assert not file.exists()

"""Who gave a value, what is kept, and what happens when a provider is slow, fails, or talks nonsense."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from retrieval_engine.dialogue.data.conversations import Polarity, Turn
from retrieval_engine.dialogue.telling.knowing import SalientTurns, WordList, as_lines, knowledge, polarity, sentiment
from retrieval_engine.dialogue.telling.providers import By, Cache, Provided, ProviderError, Table, Value


class Model:
    """A provider that says what it is told to, and counts how often it is asked."""

    by: By = "model"

    def __init__(self, say: Callable[[str], str] = str.upper, name: str = "model@1") -> None:
        self.name, self._say, self.asked = name, say, list[str]()

    def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
        self.asked += inputs
        return [self._say(text) for text in inputs]


def test_people_come_first_then_what_is_kept_then_the_provider() -> None:
    model = Model()
    provided = Provided("summary", model)
    assert provided(["a", "b"], "en", said=[None, "what b is"]) == [
        Value("A", "model", "model@1"),
        Value("what b is", "person", "people"),
    ]
    assert provided(["a", "c", "c"], "en") == [Value(text, "model", "model@1") for text in "ACC"]
    assert model.asked == ["a", "c"]
    assert provided.told() == {"kind": "summary", "provider": "model@1", "model": 4, "person": 1}


def test_without_a_provider_the_stub_answers_and_the_value_says_so() -> None:
    table = Table({"storm": "afraid", "cat": "glad"})
    assert Provided("knowledge", stub=table)(["a storm , a cat , a storm", "nothing"], "en") == [
        Value("afraid glad", "stub", "table@1"),
        Value("", "stub", "table@1"),
    ]
    assert Provided("attributes")(["x"], "en") == [Value("", "stub", "nothing@1")]


def test_what_a_model_said_is_kept_and_another_version_is_asked_anew(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "values.jsonl"
    Provided("caption", Model(), cache=Cache(path))(["好", "b"], "zh")
    again = Model()
    assert [v.text for v in Provided("caption", again, cache=Cache(path))(["好", "b"], "zh")] == ["好", "B"]
    assert again.asked == []
    for changed in (
        Provided("caption", newer := Model(name="model@2"), cache=Cache(path)),
        Provided("summary", newer, cache=Cache(path)),
    ):
        changed(["b"], "zh")
    Provided("caption", again, cache=Cache(path))(["b"], "en")
    assert (newer.asked, again.asked) == (["b", "b"], ["b"])


def test_a_line_that_was_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "values.jsonl"
    Provided("caption", Model(), cache=Cache(path))(["a", "b"], "en")
    path.write_text(path.read_text()[:-9])
    model = Model()
    Provided("caption", model, cache=Cache(path))(["a", "b"], "en")
    assert model.asked == ["b"]
    assert [Provided("caption", cache=Cache(path)).has(text, "en") for text in ("a", "b", "c")] == [True, True, False]


def test_one_answer_that_is_nonsense_costs_no_other(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "values.jsonl")
    provided = Provided("sentiment", Model(lambda text: "1 0" if text == "a" else "?"), cache=cache, check=sentiment)
    assert [value.by for value in provided(["a", "b"], "en")] == ["model", "stub"]
    assert len(Cache(tmp_path / "values.jsonl")) == 1


def test_loading_is_no_timeout_and_failing_at_it_is_a_reason() -> None:
    class Slow(Model):
        def prepare(self) -> None:
            raise OSError("no weights")

    (value,) = Provided("caption", Slow())(["a"], "en")
    assert value == Value("", "stub", "nothing@1", "model@1 failed: no weights")


def fail(text: str) -> str:
    raise OSError("no route to host")


@pytest.fixture
def stuck() -> Iterator[Callable[[str], str]]:
    """A call that returns when the test is over."""
    over = threading.Event()

    def wait(text: str) -> str:
        over.wait()
        return text

    yield wait
    over.set()


def test_a_provider_that_takes_too_long_is_given_up(stuck: Callable[[str], str]) -> None:
    provided = Provided("knowledge", Model(stuck), stub=Table({"a": "known"}), timeout_s=0.05)
    (value,) = provided(["a"], "en")
    assert value == Value("known", "stub", "table@1", "model@1 gave nothing in 0.05 s")
    assert provided.told()["stub, instead of model@1"] == 1
    (value,) = provided(["b"], "en")
    assert value.problem == "model@1 is still busy with what it was asked before"


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (Model(fail), "model@1 failed: no route to host"),
        (Model(lambda text: "x" * 3_000), "model@1 gave nonsense: 3000 characters"),
        (Model(lambda text: "{broken"), "model@1 gave nonsense: Expecting property name"),
        (Model(lambda text: '{"xMood": "glad"}'), "model@1 gave nonsense: relations must be among xIntent"),
    ],
)
def test_a_provider_that_fails_or_talks_nonsense_is_replaced_and_not_kept(model: Model, problem: str) -> None:
    cache = Cache()
    (value,) = Provided("knowledge", model, cache=cache, check=knowledge)(["a"], "en")
    assert (value.text, value.by, value.provider) == ("", "stub", "nothing@1")
    assert value.problem.startswith(problem)
    assert len(cache) == 0
    with pytest.raises(ProviderError, match=problem.partition(":")[0]):
        Provided("knowledge", model, check=knowledge, strict=True)(["a"], "en")


def test_as_many_values_as_inputs_or_none_at_all() -> None:
    class Mute(Model):
        def __call__(self, inputs: Sequence[str], language: str) -> list[str]:
            return []

    (value,) = Provided("summary", Mute())(["a"], "en")
    assert value.problem == "model@1 gave 0 values for 1 inputs"


def test_knowledge_is_five_relations_of_sixteen_words_at_most() -> None:
    told = '{"xReact": "happy", "xIntent": "' + "to rest " * 20 + '"}'
    assert knowledge(told) == " ".join(["to rest"] * 8) + "; happy"
    assert knowledge("plain  words\nhere") == "plain words here"
    assert knowledge("{}") == ""
    with pytest.raises(ValueError, match="relations"):
        knowledge('{"xIntent": 3}')


def test_sentiment_is_two_numbers() -> None:
    assert polarity("2 0.5") == Polarity(2, 0.5)
    assert polarity("") == Polarity(0, 0)
    for text in ("1", "1 -1", "a b", "inf 0", "nan 1"):
        with pytest.raises(ValueError, match=r"no sentiment|not enough|could not convert"):
            sentiment(text)
    told = WordList()(["So HAPPY, haha", "好难过 😭", "the train leaves at nine"], "en")
    assert told == ["2 0", "1 2", "0 0"]


def test_a_summary_without_weights_keeps_the_ends_and_what_is_rare() -> None:
    lines = ["hi", "well well", "the exam was cancelled", "well", "well well", "bye"]
    assert SalientTurns(3)(["\n".join(lines)], "en") == ["hi\nthe exam was cancelled\nbye"]
    assert SalientTurns()(["hi\n\nbye"], "en") == ["hi\nbye"]
    assert SalientTurns()([""], "en") == [""]
    turns = [Turn("User_1", "so\ntired"), Turn("User_2", "", "hug"), Turn("User_2", "ok")]
    assert as_lines(turns) == "User_1: so tired\nUser_2: ok"

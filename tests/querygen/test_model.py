from __future__ import annotations

import copy

import pytest
import torch
from PIL import Image

from retrieval_engine.querygen import wording
from retrieval_engine.querygen.generator import Generator
from retrieval_engine.querygen.loading import load_bundle
from retrieval_engine.querygen.model import IGNORED, VisionLanguage
from tests.querygen.conftest import CPU, Run

RED, BLUE = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")


def means(held: VisionLanguage, picture: Image.Image, prompt: str, answers: list[str]) -> list[float]:
    """Mean log p of each answer, each in a pass of its own."""
    found = []
    with torch.inference_mode():
        for answer in answers:
            labels = held.labels([answer], ended=False)
            log_p = held.log_probabilities(held.prompts([picture], [prompt]), labels)
            found.append(float(log_p.sum() / labels.shape[1]))
    return found


def test_a_prompt_is_the_question_about_the_picture(held: VisionLanguage) -> None:
    fed = held.prompts([RED], [wording.PROMPTS["en"]])
    told = held.tokenizer.decode(fed["input_ids"][0]).replace("<image>", "")
    assert told == f"<s>user: {wording.PROMPTS['en']} assistant:"
    assert int((fed["input_ids"] == held.model.config.image_token_id).sum()) == 16


def test_without_a_chat_template_the_question_is_put_in_llavas_manner(held: VisionLanguage) -> None:
    held.processor.chat_template = None
    fed = held.prompts([RED], ["What is it?"])
    assert held.tokenizer.decode(fed["input_ids"][0]).replace("<image>", "") == "USER: \nWhat is it? ASSISTANT:"


def test_prompts_of_two_lengths_end_in_one_column_and_answers_begin_in_the_next(held: VisionLanguage) -> None:
    fed = held.prompts([RED, BLUE], list(wording.PROMPTS.values()))
    labels = held.labels(["so tired", "好累, 想睡觉"], ended=True)
    whole = held.answered(fed, labels)
    length = fed["input_ids"].shape[1]
    assert whole["attention_mask"][:, length - 1].tolist() == [1, 1]
    assert whole["attention_mask"][:, 0].tolist() != [1, 1]
    for row, text in enumerate(["so tired", "好累, 想睡觉"]):
        own = labels[row][labels[row] != IGNORED]
        assert held.tokenizer.decode(own) == f"{text}</s>"
        assert whole["input_ids"][row, length : length + len(own)].tolist() == own.tolist()


def test_only_the_answers_tokens_are_scored(held: VisionLanguage) -> None:
    labels = held.labels(["so tired", "so tired, need a nap"], ended=True)
    log_p = held.log_probabilities(held.prompts([RED, BLUE], [wording.PROMPTS["en"]] * 2), labels)
    assert (log_p < 0).tolist() == (labels != IGNORED).tolist()


def test_an_answer_is_as_likely_in_a_batch_as_alone(held: VisionLanguage) -> None:
    answers, prompts = ["so tired", "好累, 想睡觉"], [wording.PROMPTS["en"], wording.PROMPTS["zh"]]
    labels = held.labels(answers, ended=False)
    together = held.log_probabilities(held.prompts([RED, BLUE], prompts), labels).sum(1) / (labels != IGNORED).sum(1)
    alone = [*means(held, RED, prompts[0], answers[:1]), *means(held, BLUE, prompts[1], answers[1:])]
    assert together.tolist() == pytest.approx(alone, abs=1e-4)


def test_the_picture_matters(held: VisionLanguage) -> None:
    assert means(held, RED, "What?", ["so tired"]) != means(held, BLUE, "What?", ["so tired"])


def test_going_on_from_a_kept_prompt_scores_as_going_through_all_of_it(held: VisionLanguage) -> None:
    texts = ["so tired", "need a nap", "tears", "so tired, need a nap"]
    scores = Generator(held).score(RED, "en", texts)
    assert scores == pytest.approx(
        means(held, RED, wording.PROMPTS["en"], [wording.form(text) for text in texts]), abs=1e-4
    )


def test_an_empty_text_is_as_unlikely_as_can_be(held: VisionLanguage) -> None:
    assert Generator(held).score(RED, "en", [" ", "tired"])[0] == float("-inf")


@pytest.fixture(scope="session")
def writer(seen: Run) -> VisionLanguage:
    """One that has learned to write."""
    return load_bundle(seen.bundle, CPU)


def test_queries_come_distinct_the_likeliest_first_and_no_more_than_asked_for(writer: VisionLanguage) -> None:
    [found] = Generator(writer, samples=16).generate([RED], "en", 3)
    scores = [query.log_probability for query in found]
    assert len({query.text for query in found}) == len(found) == 3
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx(Generator(writer).score(RED, "en", [query.text for query in found]), abs=1e-4)


def test_the_same_seed_writes_the_same(writer: VisionLanguage) -> None:
    before = torch.random.get_rng_state()
    found = [Generator(writer, seed=seed).generate([RED, BLUE], "zh", 4) for seed in (3, 3, 4)]
    assert found[0] == found[1] != found[2]
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_samples_the_likeliest_answer_is_all_there_is(writer: VisionLanguage) -> None:
    generator = Generator(writer, samples=0)
    [answer] = generator.likeliest_answers([RED], "en", 8)
    [found] = generator.generate([RED], "en", 8)
    assert {query.text for query in found} == set(answer) != set()


def test_with_little_memory_half_of_the_pictures_go_at_a_time(
    writer: VisionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, at_once = writer.model.generate, list[int]()

    def short_of_memory(**fed: torch.Tensor) -> torch.Tensor:
        at_once.append(len(fed["input_ids"]))
        if len(fed["input_ids"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        found: torch.Tensor = generate(**fed)
        return found

    alone = [Generator(writer).generate([picture], "en", 2)[0] for picture in (RED, BLUE)]
    monkeypatch.setattr(writer.model, "generate", short_of_memory)
    assert Generator(writer).generate([RED, BLUE], "en", 2) == alone != [[], []]
    assert at_once[:2] == [2, 1]


def test_an_error_of_another_kind_is_not_taken_for_want_of_memory(held: VisionLanguage) -> None:
    def broken(**fed: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("shapes do not fit")

    held.model.generate = broken
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Generator(held).generate([RED, BLUE], "en", 2)


def test_a_prompt_can_be_answered_again(held: VisionLanguage) -> None:
    fed = held.prompts([RED], ["What?"])
    kept = copy.deepcopy(fed)
    held.answered(fed, held.labels(["tired"], ended=True))
    assert all(torch.equal(fed[name], kept[name]) for name in fed)

"""The recipe as a whole, with the tiny model: what it learns, writes, reports and publishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval_engine.metrics import chance_recall, chance_reciprocal_rank
from retrieval_engine.querygen import bundle
from retrieval_engine.querygen.__main__ import main
from retrieval_engine.querygen.data import examples
from retrieval_engine.querygen.generator import Generator
from retrieval_engine.training import release
from retrieval_engine.training.figures import Figure
from retrieval_engine.training.run import Order
from tests.querygen import releases
from tests.querygen.conftest import EIGHT, Run, run

SINGLE = "sq-bm25-v1/test/single"


@pytest.fixture(scope="session")
def generator(learned: Run) -> Generator:
    return Generator.open(learned.bundle, device="cpu")


def figure(of: Run, method: str, metric: str, language: str = "all", task: str = SINGLE) -> Figure:
    found = of.report.find(task, method, language, metric)
    assert found is not None
    return found


# --- the starter pack by heart ---


def test_the_loss_falls(learned: Run) -> None:
    losses = learned.losses()
    assert (learned.ending, learned.message) == ("done", "")
    assert len(losses) == 260
    assert losses[-1] < 0.1 * losses[0]


def test_the_queries_of_eight_stickers_are_recalled_exactly(learned: Run, generator: Generator) -> None:
    rows = release.read(Order.read(learned.folder))
    recalled = examples(rows, ["en", "zh"], "train")
    assert len(recalled) == 16
    for example in recalled:
        [found] = generator.generate([example.sticker.picture], example.language, len(example.queries))
        assert {query.text for query in found} == set(example.queries)


def test_a_stickers_own_queries_are_likelier_than_those_of_another(generator: Generator) -> None:
    panda = releases.PACK / "stickers" / "panda_haha.webp"
    own, other = generator.score(panda, "en", ["giggling at your text", "cat laughing"])
    assert own > other


def test_without_sides_to_validate_and_judge_on_it_says_so(learned: Run) -> None:
    warnings = [event.text for event in learned.events if event.kind == "warning"]
    assert warnings == ["No validation stickers: the last weights are kept, whatever they are worth."]
    assert learned.report.figures == []
    assert "Not judged in zh: fewer than two test stickers with a query." in learned.report.notes


def test_what_is_known_by_heart_is_found_in_an_evaluation(learned: Run, tmp_path: Path) -> None:
    rows = releases.pack(dict.fromkeys(EIGHT, "test"))
    order = {"evaluate": True}
    judged = run(tmp_path, rows, base=str(learned.bundle), order=order, written=8, samples=4)
    found = figure(judged, "trained", "recall_at_1[exact]")
    assert judged.ending == "done"
    assert found.value > 0.9
    assert found.chance == pytest.approx(1 / 8)
    assert figure(judged, "trained", "set F1", task="likeness").value > 0.9
    assert not judged.bundle.exists()


# --- unseen stickers of a small world ---


def test_unseen_stickers_are_found_better_than_by_an_untrained_model_or_without_looking(seen: Run) -> None:
    trained = figure(seen, "trained", "mrr[exact]")
    assert seen.ending == "done"
    assert trained.n == 16
    for method in ("untrained", "shuffled", "frequency", "nothing"):
        assert trained.value > figure(seen, method, "mrr[exact]").value + 0.1
    assert trained.value < figure(seen, "people", "mrr[exact]").value


def test_documents_without_a_word_are_chance_to_the_last_bit(seen: Run) -> None:
    for metric, chance in (("recall_at_5[exact]", chance_recall(8, 5)), ("mrr[exact]", chance_reciprocal_rank(8))):
        found = figure(seen, "nothing", metric, "en")
        assert found.value == found.chance == pytest.approx(chance)
        assert (found.n, found.n_gallery, found.tied) == (8, 8, 1.0)


def test_the_headline_is_among_the_figures_with_its_interval(seen: Run) -> None:
    report = seen.report
    found = report.find(*report.headline)
    assert report.headline == (SINGLE, "trained", "all", "recall_at_10[exact]")
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high


def test_every_method_is_measured_in_both_galleries_and_both_languages(seen: Run) -> None:
    measured = {(f.task, f.method) for f in seen.report.figures if f.language == "en"}
    methods = {"nothing", "context", "frequency", "trained", "untrained", "shuffled"}
    tasks = {"sq-bm25-v1/test/single", "sq-bm25-v1/test/joined", "sq-bm25-v1/all/single"}
    wanted = {(task, method) for task in tasks for method in methods}
    wanted |= {(task, "people") for task in ("sq-bm25-v1/test/single", "sq-bm25-v1/all/single", "likeness")}
    wanted |= {("likeness", method) for method in methods - {"nothing"}}
    assert measured == wanted
    assert {(f.task, f.method) for f in seen.report.figures if f.language == "zh"} == {
        pair
        for pair in wanted
        if pair[1] != "context"  # nobody said anything in Chinese
    }


def test_the_gallery_of_all_holds_everybody(seen: Run) -> None:
    assert figure(seen, "trained", "mrr[exact]", "en", "sq-bm25-v1/all/single").n_gallery == 30


def test_examples_show_what_was_written_beside_what_people_type(seen: Run) -> None:
    first = seen.report.examples[0]
    assert first.keys() == {"sticker_id", "language", "people", "trained", "untrained"}
    assert (first["sticker_id"], first["people"]) == ("black-block.png", ["black block", "block in black"])


def test_a_run_tells_what_it_found_itself_with_and_what_it_does(seen: Run) -> None:
    facts = seen.facts()
    phases = [event.text for event in seen.events if event.kind == "phase"]
    assert phases == ["preparing", "training", "evaluating", "evaluating", "publishing"]
    assert facts["device"] == "cpu, float32"
    assert facts["n_weights"] == facts["n_trainable"] > 0
    assert (facts["n_examples"], facts["n_judged"], facts["learns"]) == (36, {"en": 8, "zh": 8}, "everything")


def test_validation_measures_every_epoch(seen: Run) -> None:
    scores = [event for event in seen.events if event.kind == "score"]
    assert len(scores) == 20
    assert scores[0].values.keys() == {"validation/loss", "validation/mrr", "validation/recall_at_10"}
    assert scores[-1].values["validation/loss"] < scores[0].values["validation/loss"]


def test_the_bundle_says_where_it_comes_from(seen: Run) -> None:
    manifest = bundle.read_manifest(seen.bundle)
    assert manifest.languages == ["en", "zh"]
    assert manifest.lineage["release"] == {"number": 1, "title": "Small", "watermark_at": "2026-11-21"}
    assert (manifest.lineage["recipe"], manifest.lineage["settings"]["epochs"]) == ("querygen", 20)
    assert json.loads((seen.bundle / "metrics.json").read_text()) == json.loads(
        (seen.folder / "report.json").read_text()
    )


def test_what_was_only_needed_on_the_way_is_gone(seen: Run) -> None:
    assert {path.name for path in seen.folder.iterdir() if path.is_dir()} == {"bundle", "tensorboard"}


# --- the command that the worker starts ---


def lines(folder: Path, *rows: dict[str, object]) -> str:
    path = folder / "stickers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_the_command_writes_a_line_for_each_sticker(
    seen: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = seen.folder.parent / "shapes"
    rows = [{"id": n, "path": str(shapes / f"{name}.png")} for n, name in enumerate(("red-bar", "blue-pole", "gone"))]
    args = ["--bundle", str(seen.bundle), "--stickers", lines(tmp_path, *rows), "--language", "en", "--device", "cpu"]
    assert main(["generate", *args, "--n", "2", "--batch", "2"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written = Generator.open(seen.bundle, device="cpu").generate([Path(str(row["path"])) for row in rows[:2]], "en", 2)
    assert [row["id"] for row in told] == [0, 1, 2]
    assert [[query["text"] for query in row["queries"]] for row in told[:2]] == [
        [q.text for q in own] for own in written
    ]
    assert all(query["log_probability"] < 0 for row in told for query in row["queries"])
    assert told[2]["queries"] == []
    assert told[2]["error"].startswith("not a readable picture")


@pytest.mark.parametrize(
    ("language", "rows", "said"),
    [
        ("fr", [{"id": 1, "path": "x.png"}], "This generator does not write in fr, but in en, zh."),
        ("en", [{"path": "x.png"}], "no 'id' in a line"),
    ],
)
def test_the_command_ends_with_a_sentence(
    seen: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    language: str,
    rows: list[dict[str, object]],
    said: str,
) -> None:
    args = ["--bundle", str(seen.bundle), "--stickers", lines(tmp_path, *rows), "--language", language]
    assert main(["generate", *args, "--device", "cpu"]) == 2
    assert capsys.readouterr().err.strip() == said


def test_the_command_refuses_what_is_no_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["--bundle", str(tmp_path), "--stickers", lines(tmp_path), "--language", "en"]
    assert main(["generate", *args]) == 2
    assert capsys.readouterr().err.strip() == f"{tmp_path}: no generator.json, so no query generator"

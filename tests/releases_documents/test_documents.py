from __future__ import annotations

import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import Struct

from sticktionary.domain.releases import annotation_rows, chat_rows, documents, rows
from sticktionary.domain.releases.about import Credit, PackNote, ReleaseRules
from sticktionary.domain.releases.citation import credit_now
from sticktionary.domain.releases.columns import meaning
from sticktionary.domain.releases.contents import ABOUT
from sticktionary.domain.releases.licences import licence_of
from tests.releases_documents import folders

NAMES = [
    "CITATION.cff", "DATASHEET.md", "LICENSE", "README.md", "RELEASE_NOTES.md", "croissant.json", "diff.json",
]  # fmt: skip


def written(folder: Path, **said: Any) -> dict[str, str]:
    """The documents of a small release, by name."""
    made = folders.usual()
    made.with_pictures = said.pop("with_pictures", True)
    documents.write(folder, folders.make(folder, made, **said))
    return {name: (folder / name).read_text(encoding="utf-8") for name in NAMES}


def front_matter(card: str) -> dict[str, Any]:
    held: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return held


def test_the_same_release_gives_the_same_bytes_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = written(tmp_path / "one")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    second = written(tmp_path / "elsewhere" / "two")
    assert second == first
    assert [name for name, text in first.items() if str(tmp_path) in text or "\r" in text] == []


def test_the_language_of_whoever_asks_changes_nothing(tmp_path: Path) -> None:
    from django.utils import translation

    first = written(tmp_path / "one")
    with translation.override("zh-hans"):
        assert written(tmp_path / "two") == first


def test_settings_of_the_machine_change_nothing_once_it_was_asked_for(tmp_path: Path, settings: Any) -> None:
    first = written(tmp_path / "one")
    settings.DATASET_NAME, settings.DATASET_AUTHORS, settings.DATASET_LICENCE = "other", "Other", "MIT"
    assert written(tmp_path / "two") == first


def test_the_credit_is_taken_from_the_settings(settings: Any) -> None:
    settings.DATASET_AUTHORS = " Chee, Ada ; The players ;"
    settings.DATASET_NAME, settings.DATASET_TITLE = "words", "Words"
    settings.DATASET_LICENCE, settings.DATASET_URL = "CC0-1.0", "https://example.org"
    assert credit_now() == Credit(
        name="words", title="Words", authors=("Chee, Ada", "The players"), licence="CC0-1.0", url="https://example.org"
    )


# --- the card ---


def test_the_card_is_one_that_the_hub_takes(tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard(written(tmp_path / "r")["README.md"])
    told = card.data.to_dict()  # type: ignore[no-untyped-call]
    assert {name: told[name] for name in ("language", "license", "pretty_name", "size_categories")} == {
        "language": ["en", "zh"],
        "license": ["cc-by-4.0", "cc0-1.0"],
        "pretty_name": "Sticktionary, release 1",
        "size_categories": ["n<1K"],
    }
    assert [(config["config_name"], config.get("default")) for config in told["configs"]] == [
        ("queries", True),
        ("pairs", None),
        ("stickers", None),
    ]


def test_every_file_that_the_card_leads_to_is_there(tmp_path: Path) -> None:
    card = written(tmp_path / "r")["README.md"]
    files = [file["path"] for config in front_matter(card)["configs"] for file in config["data_files"]]
    links = [link for link in re.findall(r"\]\(([^)]+)\)", card) if "://" not in link]
    assert len(files) == 7
    assert links
    assert [path for path in files + links if not (tmp_path / "r" / path).is_file()] == []


@pytest.mark.parametrize(("n", "size"), [(999, "n<1K"), (1_000, "1K<n<10K"), (999_999, "100K<n<1M"), (10**7, "n>10M")])
def test_the_size_is_told_in_the_hubs_steps(tmp_path: Path, n: int, size: str) -> None:
    from dataclasses import replace

    from sticktionary.domain.releases.card import front_matter as told
    from sticktionary.domain.releases.facts import facts_of

    about = folders.make(tmp_path / "r", folders.usual())
    files = [replace(f, n_rows=n if f.path == "queries/train.parquet" else 0) for f in about.files]
    about = replace(about, files=files)
    assert told(about, facts_of(about))["size_categories"] == [size]


NASTY = 'a: "b" # \\ ---\n| <script>alert(1)</script> {{ x }} {% y %} *z* [l](javascript:1) 😀 名'


def test_whatever_people_call_things_stays_text(tmp_path: Path) -> None:
    packs = [PackNote("p", NASTY, NASTY, NASTY, 4, True)]
    rules = ReleaseRules(credit=Credit(title=NASTY, authors=(NASTY,), licence=NASTY))
    told = written(tmp_path / "r", title=NASTY, notes=NASTY, packs=packs, rules=rules, code_version=NASTY)
    assert front_matter(told["README.md"])["pretty_name"] == f"{' '.join(NASTY.split())}, release 1"
    assert yaml.safe_load(told["CITATION.cff"])["authors"] == [{"name": NASTY}]
    assert json.loads(told["croissant.json"])["creator"] == [{"@type": "sc:Organization", "name": NASTY}]
    text = told["README.md"].split("---\n", 2)[2].partition("```bibtex")[0]
    assert [name for name in ("<script>", "[l](") if name in text.replace("\\", "\\\\ ")] == []
    rows = [line for line in text.splitlines() if line.startswith("| ") and "alert" in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6]
    assert "<script>" not in told["RELEASE_NOTES.md"] + told["DATASHEET.md"]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("queries", rows.QueryHalf),
        ("queries", rows.RoundHalf),
        ("pairs", rows.PairRow),
        ("stickers", rows.StickerRow),
        ("retrievals", rows.RetrievalRow),
        ("splits", rows.SplitRow),
        ("tombstones", rows.TombstoneRow),
        ("annotations", annotation_rows.AnnotationRow),
        ("annotation_labels", annotation_rows.LabelRow),
        ("sessions", chat_rows.SessionRow),
        ("turns", chat_rows.TurnRow),
        ("samples", chat_rows.SampleRow),
    ],
)
def test_every_column_of_every_table_is_described(table: str, row: type[Struct]) -> None:
    assert table in ABOUT
    assert [name for name in row.__struct_fields__ if not meaning(table, name)] == []


# --- licences ---


@pytest.mark.parametrize("text", ["CC BY 4.0", "cc-by-4.0", " CC_BY  4.0 "])
def test_a_licence_is_known_however_it_is_spelt(text: str) -> None:
    assert licence_of(text).spdx == "CC-BY-4.0"


def test_the_licence_says_which_part_is_under_which(tmp_path: Path) -> None:
    packs = [PackNote("a", "Cats", "drawn", "CC0", 3, True), PackNote("b", "Dogs", "bought", "all mine", 1, False)]
    told = written(tmp_path / "r", packs=packs)
    words, cats, dogs = (told["LICENSE"].partition(at)[2] for at in ("1. ", "Cats (a", "Dogs (b"))
    assert words.splitlines()[1].strip() == "Creative Commons Attribution 4.0 (CC-BY-4.0)"
    assert cats.splitlines()[1].strip() == "Creative Commons Zero 1.0 (CC0-1.0)"
    assert dogs.splitlines()[1].strip() == "all mine"
    assert "Queries only: the pictures of this pack are not part of this release." in dogs
    matter = front_matter(told["README.md"])
    assert (matter["license"], matter["license_link"]) == ("other", "LICENSE")


def test_a_release_without_pictures_says_so_everywhere(tmp_path: Path) -> None:
    packs = [PackNote("a", "Cats", "bought", "all mine", 4, False)]
    told = written(tmp_path / "r", with_pictures=False, packs=packs)
    assert "This release holds queries only." in told["LICENSE"]
    assert "**This release holds queries only, no pictures.**" in told["README.md"]
    assert "Pictures are not part of this release." in told["DATASHEET.md"]
    described = json.loads(told["croissant.json"])
    assert [item["@id"] for item in described["distribution"] if item["@id"] == "pictures"] == []
    assert [text for text in described["rai:dataLimitations"] if text.startswith("The pictures are not part")]


# --- citation ---


def test_the_citation_is_a_valid_cff(tmp_path: Path) -> None:
    cited = yaml.safe_load(written(tmp_path / "r")["CITATION.cff"])
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    allowed = {
        "cff-version", "message", "type", "title", "abstract", "authors", "version", "date-released", "keywords",
        "license", "url",
    }  # fmt: skip
    assert cited.keys() <= allowed
    assert (cited["cff-version"], cited["type"], cited["version"]) == ("1.2.0", "dataset", "1.0.0")
    assert cited["date-released"] == date(2026, 11, 20)
    assert cited["authors"] == [{"family-names": "Chee", "given-names": "Ada"}, {"name": "The players"}]


def test_one_licence_for_everything_is_part_of_the_citation(tmp_path: Path) -> None:
    packs = [PackNote("a", "Cats", "drawn", "CC BY 4.0", 4, True)]
    assert yaml.safe_load(written(tmp_path / "r", packs=packs)["CITATION.cff"])["license"] == "CC-BY-4.0"


# --- croissant, datasheet, notes ---


def test_croissant_carries_checksums_and_the_answers_on_responsible_use(tmp_path: Path) -> None:
    made = folders.usual()
    about = folders.make(tmp_path / "r", made)
    documents.write(tmp_path / "r", about)
    described = json.loads((tmp_path / "r/croissant.json").read_text(encoding="utf-8"))
    sums = {file.path: file.sha256 for file in about.files}
    objects = {item["@id"]: item["sha256"] for item in described["distribution"] if item["@type"] == "cr:FileObject"}
    assert objects == {path: sums[path] for path in objects}
    assert len(objects) == 10
    asked = {
        "dataCollection", "dataCollectionType", "dataAnnotationProtocol", "annotationsPerItem", "dataBiases",
        "personalSensitiveInformation", "dataUseCases", "dataLimitations", "dataReleaseMaintenancePlan",
        "dataSocialImpact", "annotatorDemographics", "machineAnnotationTools", "dataPreprocessingProtocol",
    }  # fmt: skip
    assert [term for term in asked if not described[f"rai:{term}"]] == []
    assert described["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"


def test_nested_columns_are_named_and_not_typed_wrongly(tmp_path: Path) -> None:
    described = json.loads(written(tmp_path / "r")["croissant.json"])
    queries = next(item for item in described["recordSet"] if item["@id"] == "queries_rows")
    types = {held["name"]: held["dataType"] for held in queries["field"]}
    assert (types["query_id"], types["query"], types["weight"]) == ("sc:Integer", "sc:Text", "sc:Float")
    assert "retrievals" not in types
    assert queries["description"].endswith("Nested columns, to be read from the files: retrievals.")


def test_the_datasheet_answers_every_question(tmp_path: Path) -> None:
    sheet = written(tmp_path / "r")["DATASHEET.md"]
    sections = [line[3:] for line in sheet.splitlines() if line.startswith("## ")]
    assert sections == [
        "Motivation", "Composition", "Collection", "Preprocessing, cleaning, labelling", "Uses", "Distribution",
        "Maintenance",
    ]  # fmt: skip
    answers = re.findall(r"\*\*([^*]+\?)\*\*(.*?)(?=\n\*\*|\n## |\Z)", sheet, re.S)
    assert len(answers) > 25
    assert [question for question, answer in answers if not answer.strip()] == []


def test_the_notes_tell_what_changed_and_what_was_taken_back(tmp_path: Path) -> None:
    folders.make(tmp_path / "1", folders.usual())
    made = folders.usual()
    made.queries["train"].pop()
    del made.stickers["cat.png"]
    made.tombstones = [{"kind": "query", "id": "3"}]
    documents.write(tmp_path / "2", folders.make(tmp_path / "2", made, 2, tmp_path / "1"))
    notes = (tmp_path / "2/RELEASE_NOTES.md").read_text(encoding="utf-8")
    assert notes.startswith("# Sticktionary, release 2: First light\n\n2026-11-20\n\nThank you, all.\n")
    assert "| queries removed | 1 |" in notes
    assert "| stickers removed | 1 |" in notes
    assert "## Taken back\n\n| what | n |\n| --- | --- |\n| query | 1 |" in notes


def test_an_empty_release_has_documents_too(tmp_path: Path) -> None:
    made = folders.Made({part: [] for part in ("train", "validation", "test")}, {}, with_pictures=False)
    nothing: dict[str, Any] = {"counts": {"n_queries": 0}, "statistics": {}, "pii": {}, "packs": []}
    about = folders.make(tmp_path / "r", made, **nothing)
    documents.write(tmp_path / "r", about)
    assert sorted(os.listdir(tmp_path / "r"))[:5] == NAMES[:5]
    assert front_matter((tmp_path / "r/README.md").read_text(encoding="utf-8"))["configs"] == []


def test_about_says_when_in_utc(tmp_path: Path) -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    told = written(tmp_path / "r", watermark_at=late)
    assert yaml.safe_load(told["CITATION.cff"])["date-released"] == date(2026, 12, 31)

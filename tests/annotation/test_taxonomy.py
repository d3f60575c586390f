from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from retrieval_engine.taxonomy import LANGUAGES, NAMES, TaxonomyError, load, read

POLARITIES = {"positive", "negative", "ambiguous", "neutral"}


def test_each_set_has_as_many_labels_as_its_source() -> None:
    assert {name: len(load(name).labels) for name in NAMES} == {
        "polarity": 4, "ser30k-7": 7, "goemotions-28": 28, "sticker820k-30": 30, "style-4": 4, "style-7": 7,
        "scenario-2": 2,
    }  # fmt: skip


def test_the_emotions_are_those_of_the_papers() -> None:
    assert " ".join(load("ser30k-7").labels) == "surprise happiness disgust fear sadness anger neutral"
    assert " ".join(load("goemotions-28").labels) == (
        "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval "
        "disgust embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief "
        "remorse sadness surprise neutral"
    )
    assert " ".join(load("sticker820k-30").labels) == (
        "Excited Smiling Anticipating Thankful Proud Comforting Agreeing Envious Intimate Encouraging Admiring Naughty "
        "Relaxed Embarrassed Perfunctory Angry Disgusted Dissatisfied Opposing Crying Sad Painful Poor Afraid Shocked "
        "Confused Funny Shy Sorry Other"
    )


def tally(name: str, to: str) -> Counter[str]:
    taxonomy = load(name)
    return Counter(taxonomy.view(label, to) for label in taxonomy.labels)


def test_what_the_crosswalks_add_up_to() -> None:
    assert tally("sticker820k-30", "polarity") == {"positive": 13, "negative": 11, "ambiguous": 6}
    assert tally("sticker820k-30", "ser30k-7") == {
        "happiness": 13, "surprise": 2, "anger": 2, "disgust": 2, "sadness": 6, "fear": 1, "neutral": 4,
    }  # fmt: skip
    assert tally("goemotions-28", "polarity") == {"positive": 12, "negative": 11, "ambiguous": 4, "neutral": 1}
    assert tally("goemotions-28", "ser30k-7") == {
        "happiness": 12, "anger": 3, "disgust": 1, "fear": 2, "sadness": 5, "surprise": 4, "neutral": 1,
    }  # fmt: skip
    assert tally("ser30k-7", "polarity") == {"positive": 2, "negative": 4, "neutral": 1}
    assert tally("style-7", "style-4") == {"people": 1, "animal": 1, "cartoon": 2, "real": 3}


def test_all_but_two_of_the_28_are_reached_from_the_30() -> None:
    unreached = set(load("goemotions-28").labels) - set(tally("sticker820k-30", "goemotions-28"))
    assert unreached == {"curiosity", "realization"}


def test_views_compose_where_two_ways_lead_to_the_polarity_of_a_clear_label() -> None:
    taxonomy = load("sticker820k-30")
    assert taxonomy.views("Thankful") == {
        "ser30k-7": "happiness", "goemotions-28": "gratitude", "polarity": "positive",
    }  # fmt: skip
    assert taxonomy.view("Perfunctory", "ser30k-7") == "neutral"
    assert taxonomy.view("Perfunctory", "sticker820k-30") == "Perfunctory"


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_named_in_both_languages_and_once(name: str) -> None:
    taxonomy = load(name)
    for language in LANGUAGES:
        names = [label.name[language] for label in taxonomy.labels.values()]
        assert len(set(names)) == len(names)
        assert all(name == name.strip() and name for name in names)
    assert all(set(label.gloss) in ({"en", "zh"}, set()) for label in taxonomy.labels.values())
    assert {label.polarity for label in taxonomy.labels.values()} <= POLARITIES | {None}


@pytest.mark.parametrize("name", ["sticker820k-30", "goemotions-28", "style-7", "scenario-2"])
def test_what_players_choose_from_is_explained_and_names_no_other_label(name: str) -> None:
    taxonomy = load(name)
    assert all(all(label.gloss.values()) and label.gloss for label in taxonomy.labels.values())
    for label in taxonomy.labels.values():
        for text in (label.id, *label.name.values(), *label.aliases):
            assert taxonomy.find(text) == label


def test_a_label_is_found_by_any_of_its_names() -> None:
    taxonomy = load("sticker820k-30")
    found = [taxonomy.find(text) for text in ("Poor", "pitiful", "可怜", "委屈")]
    assert found == [taxonomy.labels["Poor"]] * 4
    assert taxonomy.find("nothing of the kind") is None


def raw(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("retrieval_engine").joinpath(f"taxonomies/{name}.json").read_text())
    return content


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda row: row["name"].pop("zh"), "lacks a name"),
        (lambda row: row["maps"].update({"ser30k-7": "mirth"}), "maps to 'mirth'"),
        (lambda row: row["maps"].pop("ser30k-7"), "has other views"),
        (lambda row: row.update(parent="nowhere"), "belongs to no group"),
        (lambda row: row.update(id="Smiling"), "names a label twice"),
    ],
)
def test_a_spoiled_file_is_refused_with_what_is_wrong(spoil: Any, complaint: str) -> None:
    content = raw("sticker820k-30")
    spoil(content["labels"][2])
    with pytest.raises(TaxonomyError, match=complaint):
        read(content)


def test_unknown_sets_labels_and_views_are_refused() -> None:
    with pytest.raises(TaxonomyError, match="no label set"):
        load("../secrets")
    with pytest.raises(TaxonomyError, match="has no label"):
        load("style-7").view("watercolour", "style-4")
    with pytest.raises(TaxonomyError, match="no view"):
        load("style-7").view("real people", "ser30k-7")

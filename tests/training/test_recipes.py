"""Settings that describe themselves: what is read, what is refused and with which words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.training.recipes import Estimate, Recipe, SettingsError, recipes, setting


@dataclass(frozen=True, slots=True)
class Toy:
    steps: int = setting(10, "Steps.", low=1, high=100, advanced=False)
    rate: float = setting(0.5, "Rate.", low=0.0, high=1.0)
    frozen: bool = setting(False, "Whether the pictures' side learns.")
    loss: str = setting("nce", "Which loss.", choices=("nce", "sigmoid"))
    prompt: str = setting("", "What is asked.")


TOY = Recipe("toy", "Toy", "A toy.", "retrieval", Toy, "nowhere", "tiny", lambda *asked: Estimate(1.0, 1, "a guess"))


def problems_of(**values: Any) -> dict[str, str]:
    with pytest.raises(SettingsError) as refusal:
        TOY.checked(values)
    return refusal.value.problems


def test_what_is_not_said_has_its_default() -> None:
    assert TOY.checked({}) == Toy()


def test_strings_of_a_form_are_read() -> None:
    said = {"steps": "20", "rate": "1e-1", "frozen": "on", "loss": "sigmoid", "prompt": "why?"}
    assert TOY.checked(said) == Toy(20, 0.1, True, "sigmoid", "why?")


@given(
    st.builds(Toy, st.integers(1, 100), st.floats(0, 1), st.booleans(), st.sampled_from(["nce", "sigmoid"]), st.text())
)
def test_every_allowed_value_comes_back_as_it_was(values: Toy) -> None:
    assert TOY.checked(asdict(values)) == values
    assert TOY.checked({name: str(value) for name, value in asdict(values).items()}) == values


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("steps", 0, "must be at least 1, not 0"),
        ("steps", 101, "must be at most 100, not 101"),
        ("steps", 1.5, "must be a whole number, not 1.5"),
        ("steps", True, "must be a whole number, not True"),
        ("steps", "many", "must be a whole number, not many"),
        ("steps", None, "must be a whole number, not None"),
        ("rate", "nan", "must be a number, not nan"),
        ("rate", float("inf"), "must be a number, not inf"),
        ("rate", -0.1, "must be at least 0, not -0.1"),
        ("frozen", "maybe", "must be yes or no, not maybe"),
        ("loss", "hinge", "must be one of nce, sigmoid, not hinge"),
        ("epochs", 3, "Toy has no such setting"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_words(name: str, value: Any, told: str) -> None:
    assert problems_of(**{name: value}) == {name: told}


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert problems_of(steps=0, rate=2, epochs=3).keys() == {"steps", "rate", "epochs"}


@pytest.mark.parametrize("name", ["stickerclip", "querygen"])
def test_the_defaults_of_every_recipe_are_allowed_and_explained(name: str) -> None:
    recipe = recipes()[name]
    defaults = recipe.settings()
    assert recipe.checked({part.name: getattr(defaults, part.name) for part in fields(defaults)}) == defaults  # type: ignore[arg-type]
    assert all(part.help.endswith((".", "?")) for part in recipe.described())

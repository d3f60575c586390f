from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts, names
from sticktionary.models import Player
from tests.people.conftest import make_player


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  moss   owl ", "moss owl"),
        ("今天不emo", "今天不emo"),
        ("猫", "猫"),
        ("Zoë", "Zoë"),
        ("Ольга_5", "Ольга_5"),
        ("नेहा", "नेहा"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍🚀 ada", "👩‍🚀 ada"),
        ("ana.b", "ana.b"),
    ],
)
def test_any_script_will_do(typed: str, kept: str) -> None:
    assert names.checked(typed) == unicodedata.normalize("NFC", kept)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_empty"),
        (" \t ", "name_empty"),
        ("x" * 25, "name_long"),
        ("ﷺ" * 20, "name_long"),
        ("a\u202eb", "name_hidden"),
        ("a\u200bb", "name_hidden"),
        ("\u200dab", "name_hidden"),
        ("a\x07b", "name_hidden"),
        ("a" + "\u0301" * 5, "name_hidden"),
        ("owl@forest.org", "name_contact"),
        ("www.owl.net", "name_contact"),
        ("call 13800138000", "name_contact"),
        ("微信owl12345", "name_contact"),
        ("ADMIN", "name_reserved"),
        ("ａｄｍｉｎ", "name_reserved"),
        ("管理员", "name_reserved"),
    ],
)
def test_names_that_are_refused(name: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        names.checked(name)
    assert refused.value.code == code


@given(st.text(max_size=40))
def test_a_name_is_kept_as_it_will_be_kept_again_or_refused(name: str) -> None:
    try:
        kept = names.checked(name)
    except Refused:
        return
    assert names.checked(kept) == kept
    assert 0 < len(kept) <= names.MAX_LENGTH
    assert not any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in kept)


def test_a_name_is_changed_but_never_to_somebody_elses(player: Player) -> None:
    make_player("moss_owl")
    with pytest.raises(Refused) as refused:
        accounts.rename(player_id=player.pk, name="ＭＯＳＳ_owl")
    assert refused.value.code == "name_taken"
    accounts.rename(player_id=player.pk, name="Tamsin")
    player.refresh_from_db()
    assert (player.name, player.username) == ("Tamsin", "tamsin")

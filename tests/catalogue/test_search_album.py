"""What hits are shown as, packed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.search import album as module
from sticktionary.domain.search.album import Album, Face

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
faces = st.builds(
    Face,
    image=texts,
    poster=texts,
    moves=st.booleans(),
    alts=st.fixed_dictionaries({"en": texts.filter(bool), "zh": texts.filter(bool)}),
    family=st.integers(1, 4),
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 9), faces),
        st.tuples(st.just("remove"), st.integers(1, 9), st.none()),
        st.tuples(st.just("fold"), st.none(), st.none()),
        st.tuples(st.just("reopen"), st.none(), st.none()),
    ),
    max_size=25,
)


@given(moves)
def test_an_album_is_a_dictionary_however_it_is_folded_saved_and_opened(
    told: list[tuple[str, int, Face | None]],
) -> None:
    album, held = Album(), dict[int, Face]()
    for verb, id, face in told:
        if verb == "put":
            assert face is not None
            album.put(id, face)
            held[id] = face
        elif verb == "remove":
            album.remove(id)
            held.pop(id, None)
        elif verb == "fold":
            album.fold()
        else:
            album = reopened(album)
        for language in ("en", "zh"):
            assert album.pictures(range(11), language) == {id: shown(one, language) for id, one in held.items()}
        for one in held:
            assert album.kin(one) == {other for other, face in held.items() if face.family == held[one].family}
    assert album.kin(10) == {10}


def reopened(album: Album) -> Album:
    with tempfile.TemporaryDirectory() as folder:
        album.save(Path(folder))
        return Album.open(Path(folder))


def shown(face: Face, language: str) -> Picture:
    poster = face.poster or face.image
    return Picture(f"/stickers/{face.image}", f"/stickers/{poster}", face.alts[language], face.moves)


def test_it_folds_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLD_FROM", 3)
    album = Album()
    for id in range(20, 0, -1):
        album.put(id, Face("a", "b", False, {"en": str(id), "zh": "猫"}, id))
    pages, loose = album._held
    assert (len(pages.ids), len(loose)) == (20 - len(loose), len(loose))
    assert len(loose) <= 4
    assert [picture.alt for picture in album.pictures(range(1, 21), "en").values()] == [str(id) for id in range(1, 21)]

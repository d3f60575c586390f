"""The art comes out the same every time, and its loops close."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageSequence

from starter_pack.catalogue import STICKERS
from starter_pack.characters import CAST
from starter_pack.encode import webp
from starter_pack.expressions import EXPRESSIONS, Expression, compose
from starter_pack.geometry import ellipse, rotate
from starter_pack.motion import blink, ease, hop, keyed, leap, swell, wave
from starter_pack.render import SIZE, fit_box, to_svg
from starter_pack.rig import Character

SOME = ("cat_haha", "bao_pleading", "robot_furious", "capybara_celebrate")
phases = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("sticker_id", SOME)
def test_drawing_twice_gives_the_same_pixels(sticker_id: str) -> None:
    sticker = STICKERS[sticker_id]
    assert sticker.draw(0.25).tobytes() == sticker.draw(0.25).tobytes()


def _svg(who: Character, expression: Expression) -> str:
    scene = compose(who, expression, expression.still)
    return to_svg(scene, fit_box(scene.bounds()), SIZE)


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_every_scene_has_a_stable_svg(name: str) -> None:
    for who in CAST.values():
        assert _svg(who, EXPRESSIONS[name]) == _svg(who, EXPRESSIONS[name])


def test_no_two_stickers_look_the_same() -> None:
    assert len({_svg(s.who, s.expression) for s in STICKERS.values()}) == len(STICKERS)


def test_the_first_frame_is_the_most_telling_one() -> None:
    thumbs_up = EXPRESSIONS["thumbs_up"]
    phases, beats = zip(*thumbs_up.timing(CAST["cat"]), strict=True)
    assert phases == pytest.approx([0.5, 2 / 3, 5 / 6, 0, 1 / 6, 1 / 3])
    assert beats == (700, 80, 80, 80, 80, 80)


def test_every_scene_lies_inside_its_canvas() -> None:
    for s in STICKERS.values():
        box = compose(s.who, s.expression, s.expression.still).bounds()
        scale, dx, dy = fit_box(box)
        corners = (scale * box[0] + dx, scale * box[1] + dy, scale * box[2] + dx, scale * box[3] + dy)
        assert min(corners) > 0
        assert max(corners) < SIZE


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_a_loop_closes_without_a_jump(name: str) -> None:
    """The end of the loop is as near to its beginning as any two neighbouring moments are."""
    who, expression = CAST["frog"], EXPRESSIONS[name]
    steps = 48
    tops = [expression.make(i / steps, who).pose for i in (*range(steps), 0)]
    moves = [
        abs(a.squash - b.squash) * 300
        + abs(a.bend - b.bend)
        + abs(a.rotate - b.rotate)
        + abs(a.at[0] - b.at[0])
        + abs(a.at[1] - b.at[1])
        for a, b in pairwise(tops)
    ]
    assert moves[-1] <= max(moves[:-1]) + 1e-9


@given(phases)
def test_timing_functions_close(t: float) -> None:
    for fn in (wave, swell, hop, lambda x: keyed(x, [(0, 1), (0.3, 4), (0.7, 2)])):
        assert fn(t + 1) == pytest.approx(fn(t), abs=1e-9)


@given(st.floats(-1, 2))
def test_ease_stays_between_its_ends(x: float) -> None:
    assert 0 <= ease(x) <= 1


def test_a_leap_crouches_before_it_rises() -> None:
    assert leap(0.18) == pytest.approx((0, 0.13))
    assert leap(0.5)[0] == pytest.approx(1)


def test_a_blink_shuts_the_eyes_for_a_moment_only() -> None:
    assert [blink(i / 6, "dot") for i in range(6)] == ["dot", "dot", "dot", "dot", "line", "dot"]


def test_the_robot_takes_fewer_and_longer_steps() -> None:
    haha = EXPRESSIONS["haha"]
    robot, cat = haha.timing(CAST["robot"]), haha.timing(CAST["cat"])
    assert (len(robot), len(cat)) == (3, 6)
    assert sum(ms for _, ms in robot) == sum(ms for _, ms in cat)


def test_hats_lift_the_orange() -> None:
    def leaf_top(name: str) -> float:
        scene = compose(CAST["capybara"], EXPRESSIONS[name], 0.125)
        return min(i.path.bounds()[1] for i in scene.items if i.fill == "#5fb46a")

    assert leaf_top("proud") < leaf_top("smirk") - 20


def test_encoding_keeps_the_picture() -> None:
    drawn = STICKERS["panda_ok"].draw(0.5)
    stored = Image.open(io.BytesIO(webp([drawn], [0]))).convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    pictures = [Image.alpha_composite(white, im).convert("L") for im in (drawn, stored)]
    histogram = ImageChops.difference(*pictures).histogram()
    assert sum(histogram[24:]) < 0.002 * sum(histogram)
    assert stored.getpixel((0, 0)) == (0, 0, 0, 0)


def test_moving_stickers_keep_their_holds() -> None:
    frames, beats = STICKERS["robot_thumbs_up"].frames()
    moving = Image.open(io.BytesIO(webp(frames, beats)))
    found = []
    for frame in ImageSequence.Iterator(moving):
        frame.load()
        found.append(frame.info["duration"])
    assert (moving.size, found) == ((SIZE, SIZE), beats)
    assert {f.size for f in frames} == {(SIZE, SIZE)}


@given(st.floats(-360, 360))
def test_turning_a_circle_leaves_its_size(deg: float) -> None:
    x0, y0, x1, y1 = ellipse(3, 4, 10).map(rotate(deg, 3, 4)).bounds()
    assert (x1 - x0, y1 - y0) == pytest.approx((20, 20), abs=0.2)

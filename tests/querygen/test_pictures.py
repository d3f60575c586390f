from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from retrieval_engine.frames import FrameError
from retrieval_engine.querygen.pictures import strip

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def still(colour: tuple[int, int, int]) -> bytes:
    Image.new("RGB", (20, 20), colour).save(file := BytesIO(), "PNG")
    return file.getvalue()


def moving(*colours: tuple[int, int, int]) -> bytes:
    first, *others = [Image.new("RGB", (20, 20), colour) for colour in colours]
    first.save(file := BytesIO(), "WEBP", save_all=True, append_images=others, duration=100, lossless=True)
    return file.getvalue()


def test_a_still_picture_fills_the_square() -> None:
    seen = strip(still(RED), 30)
    assert seen.size == (30, 30)
    assert seen.getcolors() == [(900, RED)]


def test_a_moving_one_shows_its_first_middle_and_last_frame_from_left_to_right() -> None:
    seen = strip(moving(RED, WHITE, GREEN, WHITE, BLUE), 30)
    assert [seen.getpixel((x, 15)) for x in (5, 15, 25)] == [RED, GREEN, BLUE]
    assert {seen.getpixel((x, y)) for x in (5, 15, 25) for y in (2, 27)} == {WHITE}


def test_what_is_no_picture_says_so() -> None:
    with pytest.raises(FrameError, match="not a readable picture"):
        strip(b"GIF89a")

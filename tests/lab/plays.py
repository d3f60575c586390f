"""A little world to learn from: every sticker is a shape in a colour, and people type what they see."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw

from sticktionary.models import Pack, Player, Release, Sticker
from tests.releases import plays

COLOURS = {
    "red": ((214, 40, 40), "红色"),
    "blue": ((38, 84, 196), "蓝色"),
    "green": ((34, 150, 76), "绿色"),
    "yellow": ((240, 196, 25), "黄色"),
    "purple": ((128, 52, 168), "紫色"),
    "black": ((24, 24, 24), "黑色"),
}
SHAPES = {"circle": "圆", "square": "方块", "bar": "横条", "pole": "竖条", "cross": "十字"}


def picture(colour: str, shape: str) -> bytes:
    """A sticker of 48 pixels, on nothing."""
    image = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    fill, draw = (*COLOURS[colour][0], 255), ImageDraw.Draw(image)
    boxes = {"square": [(8, 8, 40, 40)], "bar": [(2, 18, 46, 30)], "pole": [(18, 2, 30, 46)]}
    boxes["cross"] = [*boxes["bar"], *boxes["pole"]]
    if shape == "circle":
        draw.ellipse((6, 6, 42, 42), fill=fill)
    for box in boxes.get(shape, []):
        draw.rectangle(box, fill=fill)
    data = BytesIO()
    image.save(data, "WEBP", lossless=True)
    return data.getvalue()


def make_stickers(pack: Pack) -> list[Sticker]:
    """Thirty of them, in order of colour and shape."""
    return [_sticker(pack, colour, shape) for colour in COLOURS for shape in SHAPES]


def _sticker(pack: Pack, colour: str, shape: str) -> Sticker:
    content = picture(colour, shape)
    digest = sha256(content).hexdigest()
    path = f"{digest}.webp"
    Path(settings.MEDIA_ROOT, path).write_bytes(content)
    files = {"image": path, "poster": path, "original": path, "sha256": digest, "perceptual_hash": digest[:16]}
    return Sticker.objects.create(pack=pack, name=f"{colour}-{shape}.webp", width=48, height=48, **files)


def play(stickers: list[Sticker]) -> None:
    """Two labelers, one of each language, write two queries for every sticker, which a retriever finds; a cross only
    after picking the next sticker first."""
    writers = {language: plays.player(language=language) for language in ("en", "zh")}
    finder = plays.player()
    for sticker, following in zip(stickers, [*stickers[1:], stickers[0]], strict=True):
        colour, shape = sticker.name.removesuffix(".webp").split("-")
        texts = {"en": (f"{colour} {shape}", f"{shape} in {colour}")}
        texts["zh"] = (COLOURS[colour][1] + SHAPES[shape], f"{SHAPES[shape]} {COLOURS[colour][1]}")
        for language, written in texts.items():
            round_ = plays.written(sticker, writers[language], *written, language=language)
            plays.looked_up(round_, finder, 2 if shape == "cross" else 1, others=[following])


def freeze(publisher: Player | None, **rules: object) -> Release:
    """With enough on every side of the split to be judged on."""
    return plays.frozen(publisher, **{"split": (60, 20, 20), **rules})


__all__ = ["COLOURS", "SHAPES", "freeze", "make_stickers", "picture", "play"]

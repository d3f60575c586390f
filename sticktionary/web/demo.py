"""The front page's example: three searches for one sticker of the starter pack, each edition with its own idiom."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Hit:
    image: str
    is_target: bool


@dataclass(frozen=True)
class Try:
    query: str
    verdict: str
    hits: list[Hit]
    rank: int | None


@dataclass(frozen=True)
class Demo:
    sticker: str
    alt: str
    tries: list[Try]


ENGLISH = (
    "cat_melting",
    {
        "orange cat": "cat_haha cat_smirk cat_facepalm cat_sorry cat_kiss cat_peek "
        "cat_table_flip cat_pretend_working capybara_side_eye duck_proud frog_clap bao_angry",
        "melting": "bao_cry_river capybara_furious duck_cold duck_morning_coffee cat_melting ghost_tearing_up "
        "capybara_sick cat_sorry frog_hungry bao_angry robot_awkward ghost_waiting",
        "me after one meeting": "cat_melting capybara_slacking robot_dead_inside panda_soul_leaving ghost_waiting "
        "cat_facepalm capybara_speechless cat_pretend_working capybara_sick bao_good_night duck_eye_roll robot_awkward",
    },
)
CHINESE = (
    "panda_eating_melon",
    {
        "熊猫": "panda_love panda_thumbs_up panda_fighting panda_soul_leaving ghost_ok cat_haha "
        "capybara_thank_you frog_clap bao_good_night duck_cheer robot_celebrate cat_kiss",
        "吃西瓜": "frog_hungry duck_morning_coffee panda_eating_melon bao_good_night panda_thumbs_up panda_love "
        "cat_melting capybara_slacking frog_clap duck_cheer cat_smirk ghost_ok",
        "前排围观": "panda_eating_melon capybara_side_eye cat_peek cat_smirk duck_eye_roll ghost_waiting "
        "frog_cant_look capybara_speechless robot_awkward cat_haha duck_shocked robot_mind_blown",
    },
)


def demo(language: str) -> Demo:
    target, searches = CHINESE if language == "zh" else ENGLISH
    verdicts = [
        _("What it is. So are many others."),
        _("What it does. Warmer."),
        _("What it means. A stranger found it, first try."),
    ]
    tries = [
        _try(query, verdict, names.split(), target)
        for (query, names), verdict in zip(searches.items(), verdicts, strict=True)
    ]
    return Demo(
        _image(target),
        _("an orange cat melting into a puddle under the sun") if language == "en" else "一只熊猫捧着西瓜，边吃边看",
        tries,
    )


def _try(query: str, verdict: str, names: list[str], target: str) -> Try:
    rank = names.index(target) + 1 if target in names else None
    return Try(query, verdict, [Hit(_image(name), name == target) for name in names], rank)


def _image(name: str) -> str:
    return f"img/demo/{name}.webp"

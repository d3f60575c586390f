"""Carry out a StickerCLIP run: a release in, a bundle and a report out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch

from ..bundle import BundleError, read_manifest
from ..export import export
from ..training import release
from ..training.devices import choose, describe, precision
from ..training.figures import Report
from ..training.processes import World
from ..training.release import Sticker
from ..training.run import BUNDLE, CHECKPOINT, Order, Refused, Reporter
from .base import is_bundle, load_base
from .encoding import Towers
from .evaluation import FUSION, Method
from .fitting import fit_clip
from .judging import FROZEN, OURS, ZERO_SHOT, judge, live, method_of, method_of_bundle
from .material import FOLDER, Material
from .recipe import RECIPE, ClipSettings


def carry_out(order: Order, report: Reporter) -> None:
    """Train, measure and publish what the order asks for, or go on with it. In several processes all train, and the
    first measures and publishes."""
    run = _Run.begin(order, report)
    try:
        towers = run.base()
        material = run.prepare(towers.clip.image.size)
        frozen = run.fit_frozen(material)
        run.fit(towers, material, run.settings)
        if run.world.is_first:
            run.publish(towers, judge(material, run.methods(towers, frozen, material), report))
    finally:
        run.world.leave()


def evaluate(order: Order, report: Reporter) -> None:
    """Measure the model that the order's base names on the release's test stickers: a bundle as it serves, any other in
    torch. Nothing is trained or published."""
    run = _Run.begin(order, report)
    if is_bundle(order.base):
        judge(*run.as_served(), report)
    else:
        towers = run.base()
        material = run.prepare(towers.clip.image.size)
        ours = method_of(OURS, towers, material, fused_name=FUSION)
        judge(material, [ours, *live(order.live, material, report)], report)


@dataclass(frozen=True, slots=True)
class _Run:
    order: Order
    settings: ClipSettings
    report: Reporter
    stickers: list[Sticker]
    device: torch.device
    dtype: torch.dtype
    world: World

    @classmethod
    def begin(cls, order: Order, report: Reporter) -> Self:
        """Read the release and take the device. Raises `Refused`."""
        settings: ClipSettings = RECIPE.checked(order.settings)
        stickers = release.read(order)
        device = choose(order.device)
        return cls(order, settings, report, stickers, device, precision(device, settings.precision), World.join(device))

    def base(self) -> Towers:
        """The model to start from, on its device."""
        texts = [query.text for sticker in self.stickers if sticker.part == "train" for query in sticker.queries]
        clip = load_base(self.order.base, texts, self.order.seed)
        clip.model.to(self.device)
        return Towers(clip, self.dtype)

    def prepare(self, size: int) -> Material:
        """The release's stickers, their pictures decoded to `size`."""
        material = Material.prepare(self.stickers, size, self.report, self.world)
        device = describe(self.device, self.dtype, self.world.size)
        self.report.facts({"device": device, **material.facts()})
        return material

    def as_served(self) -> tuple[Material, list[Method]]:
        """What to measure the order's bundle with. Raises `Refused` for one that is broken."""
        try:
            material = self.prepare(read_manifest(Path(self.order.base)).image.size)
            ours = method_of_bundle(OURS, self.order.base, material, self.report, fused_name=FUSION)
        except BundleError as error:
            raise Refused(f"{error}.") from error
        return material, [ours, *live(self.order.live, material, self.report)]

    def fit(self, towers: Towers, material: Material, settings: ClipSettings, *, name: str = "") -> None:
        """Train `towers`, or go on with it."""
        fit_clip(towers, material, settings, self.report, seed=self.order.seed, world=self.world, name=name)

    def fit_frozen(self, material: Material) -> Towers | None:
        """The same with its vision tower frozen, where the table of the paper is asked for."""
        if not self.settings.compare_freeze_vision or self.settings.freeze_vision:
            return None
        towers = self.base()
        self.fit(towers, material, replace(self.settings, freeze_vision=True), name=FROZEN)
        return towers

    def methods(self, towers: Towers, frozen: Towers | None, material: Material) -> Iterator[Method]:
        """The model, and what it stands beside: frozen, as it was before training, and the live one."""
        yield method_of(OURS, towers, material, fused_name=FUSION)
        if frozen:
            yield method_of(FROZEN, frozen, material)
        yield method_of(ZERO_SHOT, self.base(), material)
        yield from live(self.order.live, material, self.report)

    def publish(self, towers: Towers, measured: Report) -> None:
        """Write the bundle. What was only needed on the way there goes."""
        self.report.phase("publishing")
        towers.clip.name = RECIPE.name
        export(towers.clip, self.report.folder / BUNDLE, lineage=self._lineage(), metrics=asdict(measured))
        for folder in (FOLDER, CHECKPOINT):
            shutil.rmtree(self.report.folder / folder, ignore_errors=True)

    def _lineage(self) -> dict[str, Any]:
        manifest = json.loads((Path(self.order.release) / release.MANIFEST).read_text(encoding="utf-8"))
        frozen = {key: manifest.get(key) for key in ("number", "title", "watermark_at")}
        order = {"run": self.report.folder.name, "recipe": self.order.recipe, "settings": asdict(self.settings)}
        return {**order, "base": self.order.base or RECIPE.default_base, "seed": self.order.seed, "release": frozen}

"""Where values of a kind come from: people alone, a file that was filled beforehand, or a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ...training.run import Refused
from .filled import CHECKS, STUBS, from_file
from .providers import TIMEOUT_S, Cache, Kind, Provided, Provider

FILE: Final = ".jsonl"


def provider(
    kind: Kind,
    spec: str = "",
    *,
    pictures: Mapping[str, Path] | None = None,
    cache: Path | None = None,
    device: str = "auto",
    timeout_s: float = TIMEOUT_S,
    strict: bool = False,
) -> Provided:
    """The provider that `spec` names. Raises `Refused`.

    `spec` is "" for what people said and the stub, the file that `provide` filled (it ends in .jsonl; nothing is loaded
    and nothing asked), or a model: a name on the hub or a folder of transformers. What a model says is kept in `cache`.
    Models of attributes and captions find pictures by the digest of their files in `pictures`.
    """
    if not spec:
        return Provided(kind, stub=STUBS[kind])
    if spec.endswith(FILE):
        return from_file(kind, Path(spec))
    return Provided(
        kind,
        _model(kind, spec, pictures or {}, device),
        stub=STUBS[kind],
        cache=Cache(cache),
        check=CHECKS[kind],
        timeout_s=timeout_s,
        strict=strict,
    )


def _model(kind: Kind, base: str, pictures: Mapping[str, Path], device: str) -> Provider:
    if base.startswith(("/", "./", "../")) and not Path(base, "config.json").is_file():
        raise Refused(f"{base}: there is no model in this folder (no config.json).")
    from . import generators  # torch is for those who ask a model

    if kind == "sentiment":
        return generators.Feeling(base, device=device)
    if kind in {"attributes", "caption"}:
        return generators.Looking(kind, base, pictures, device=device)
    return generators.Instruct(kind, base, device=device)

"""Whether the weights of a name can be had, before a run begins: python -m retrieval_engine.training.lookup KIND NAME

A process of its own, since it loads what a web server should not. Prints a sentence and ends with 2 when it cannot.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 5.0


def problem_with_name(kind: str, name: str) -> str:
    """Why the weights of that name cannot be had, from the hub's cache or from the hub; empty when they can."""
    if name.startswith("hf-hub:") or kind == "generator":
        return _problem_with_repository(name.removeprefix("hf-hub:"), ("open_clip_config.json", "config.json"))
    architecture, _colon, tag = name.partition(":")
    import open_clip

    if architecture not in open_clip.list_models():
        return f"open_clip knows no model {architecture}."
    if Path(tag).is_file():
        return ""
    known = open_clip.list_pretrained_tags_by_model(architecture)
    if tag not in known:
        return f"open_clip knows no weights {tag or '(none given)'} of {architecture}; there are {', '.join(known)}."
    return _problem_with_weights(open_clip.get_pretrained_cfg(architecture, tag).get("hf_hub", ""), name)


def _problem_with_weights(place: str, name: str) -> str:
    """`place` is REPOSITORY/ or REPOSITORY/FILE; empty for weights that lie elsewhere: only loading tells."""
    organisation, repository, file = ([*place.split("/"), "", ""])[:3]
    if not repository:
        return ""
    files = (file,) if file else ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
    problem = _problem_with_repository(f"{organisation}/{repository}", files)
    return f"{name}: {problem}" if problem else ""


def _problem_with_repository(repository: str, files: tuple[str, ...]) -> str:
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        if any(isinstance(try_to_load_from_cache(repository, file), str) for file in files):
            return ""
        if constants.HF_HUB_OFFLINE:
            return f"{repository} is not on this machine, which works without the hub."
        HfApi().model_info(repository, timeout=PATIENCE_S)
    except (HFValidationError, RepositoryNotFoundError):
        return f"There is no model {repository} on {constants.ENDPOINT}."
    except Exception as error:  # a hub that is away says so in many ways
        kind = type(error).__name__
        return f"{repository} is not on this machine, and {constants.ENDPOINT} does not answer ({kind})."
    return ""


def main() -> int:
    """Run from the command line."""
    kind, name = sys.argv[1:]
    problem = problem_with_name(kind, name)
    print(problem)
    return 2 if problem else 0


if __name__ == "__main__":
    sys.exit(main())

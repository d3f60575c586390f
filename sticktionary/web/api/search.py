"""Search with any version, for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import P, QueryEx, Router

from retrieval_engine.searching import Hit
from sticktionary.domain.lab import registry, tryout
from sticktionary.domain.people.tokens import Scope
from sticktionary.domain.play.snapshot import Picture
from sticktionary.models.players import Language
from sticktionary.web.api.gate import CALLS, SEARCHES, Needs, actor_of
from sticktionary.web.api.problems import ACTED, Problem
from sticktionary.web.api.shapes import Found

router = Router(auth=Needs(Scope.SEARCH), tags=["search"])


@router.get("", response={200: Found, ACTED: Problem}, throttle=[CALLS, SEARCHES], operation_id="search")
def search(
    request: HttpRequest,
    q: QueryEx[str, P(min_length=1, max_length=200, description="What somebody types.")],
    model: QueryEx[str, P(max_length=80, description="A model's name; bm25: words alone; empty: the live one.")] = "",
    k: QueryEx[int, P(ge=1, le=tryout.MOST, description="So many stickers.")] = 24,
    language: QueryEx[Language | None, P(description="Only words of this language count; empty: all words.")] = None,
    pack: QueryEx[str, P(max_length=80, description="A pack's address: its stickers alone; empty: all packs.")] = "",
    unseen: QueryEx[
        bool, P(description="Leave out stickers that the owner of the token has written for or has found.")
    ] = False,
) -> dict[str, Any]:
    """The stickers found, best first. Filters cost no results: `k` are found wherever there are as many."""
    actor, name = actor_of(request), model or registry.champion_name()
    kept = tryout.Kept(language.value if language else None, pack, actor.pk if unseen else None)
    tried = tryout.search(name, q, k, language=actor.language, kept=kept)
    return {"model": tried.model, "ms": tried.ms, "hits": [_told(hit, picture) for hit, picture in tried.hits]}


def _told(hit: Hit, picture: Picture) -> dict[str, Any]:
    sides = {name: getattr(hit, name) for name in ("lexical_rank", "dense_rank", "generated_rank")}
    named = {"rank": hit.rank, "sticker": hit.id, "score": hit.score}
    return {**named, **sides, "picture": picture.image, "alt": picture.alt}

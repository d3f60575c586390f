"""Releases to learn from, and recipes to learn by."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.pagination import LimitOffsetPagination, paginate

from retrieval_engine.training.recipes import Recipe, recipes
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import Release
from sticktionary.web.api.gate import Needs
from sticktionary.web.api.problems import KNOWN, LISTED, Problem
from sticktionary.web.api.shapes import RecipeOut, ReleaseOut

router = Router(auth=Needs(Scope.READ))


@router.get("/releases", response={200: list[ReleaseOut], LISTED: Problem}, tags=["releases"], operation_id="releases")
@paginate(LimitOffsetPagination, max_limit=100)
def releases(request: HttpRequest) -> QuerySet[Release]:
    """Every frozen release, newest first."""
    return Release.objects.filter(number__isnull=False).order_by("-number")


@router.get(
    "/releases/{int:number}", response={200: ReleaseOut, KNOWN: Problem}, tags=["releases"], operation_id="release"
)
def release(request: HttpRequest, number: int) -> Release:
    """One release."""
    return get_object_or_404(Release, number=number)


@router.get("/recipes", response={200: list[RecipeOut], LISTED: Problem}, tags=["recipes"], operation_id="recipes")
def all_recipes(request: HttpRequest) -> list[Recipe]:
    """All recipes with their settings."""
    return list(recipes().values())


@router.get("/recipes/{name}", response={200: RecipeOut, KNOWN: Problem}, tags=["recipes"], operation_id="recipe")
def recipe(request: HttpRequest, name: str) -> Recipe:
    """One recipe."""
    found = recipes().get(name)
    if found is None:
        raise Http404
    return found

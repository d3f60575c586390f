"""Model versions: looked at, approved, brought live, rolled back."""

# Annotations are not postponed here: the decorator that pages lists reads them where their names are not known.

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.pagination import LimitOffsetPagination, paginate

from sticktionary.domain.lab import approval, card, comparison, promotion, shadowing
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import ModelVersion
from sticktionary.web.api.gate import Needs, actor_of
from sticktionary.web.api.problems import ACTED, KNOWN, LISTED, Problem
from sticktionary.web.api.shapes import ComparisonOut, ModelOut, Reason, RollBack

router = Router(auth=Needs(Scope.READ), tags=["models"])
PROMOTES = Needs(Scope.PROMOTE)
CHANGED: Any = {200: ModelOut, ACTED: Problem}


@router.get("", response={200: list[ModelOut], LISTED: Problem}, operation_id="models")
@paginate(LimitOffsetPagination, max_limit=100)
def all_models(
    request: HttpRequest, kind: ModelVersion.Kind | None = None, stage: ModelVersion.Stage | None = None
) -> QuerySet[ModelVersion]:
    """Model versions, newest first; of one kind, or at one stage, where asked."""
    found = ModelVersion.objects.order_by("-pk")
    found = found.filter(kind=kind) if kind else found
    return found.filter(stage=stage) if stage else found


@router.get("/{int:model_id}", response={200: ModelOut, KNOWN: Problem}, operation_id="model")
def one(request: HttpRequest, model_id: int) -> ModelVersion:
    """One model version."""
    return get_object_or_404(ModelVersion, pk=model_id)


@router.get("/{int:model_id}/comparison", response={200: ComparisonOut, KNOWN: Problem}, operation_id="compare_model")
def compare(request: HttpRequest, model_id: int) -> comparison.Comparison:
    """The model beside what is live: the figures that both have, and what they come to."""
    return comparison.compare(one(request, model_id))


@router.get(
    "/{int:model_id}/card",
    response={200: str, KNOWN: Problem},
    operation_id="model_card",
    openapi_extra={"responses": {200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}}},
)
def model_card(request: HttpRequest, model_id: int) -> HttpResponse:
    """What the model is, learnt from, and measured, as Markdown."""
    return HttpResponse(card.markdown(one(request, model_id)), content_type="text/markdown; charset=utf-8")


@router.post("/{int:model_id}/approve", response=CHANGED, auth=PROMOTES, operation_id="approve_model")
def approve(request: HttpRequest, model_id: int, given: Reason) -> ModelVersion:
    """Let a candidate go live. One that measured worse, or cannot be compared, needs a reason."""
    approval.approve(actor=actor_of(request), version=one(request, model_id), why=given.why)
    return one(request, model_id)


@router.post("/{int:model_id}/reject", response=CHANGED, auth=PROMOTES, operation_id="reject_model")
def reject(request: HttpRequest, model_id: int, given: Reason) -> ModelVersion:
    """Turn a candidate down."""
    approval.reject(actor=actor_of(request), version=one(request, model_id), why=given.why)
    return one(request, model_id)


@router.post("/{int:model_id}/promote", response=CHANGED, auth=PROMOTES, operation_id="promote_model")
def promote(request: HttpRequest, model_id: int) -> ModelVersion:
    """Bring an approved model live: prepared beside the live one, then all at once. Watch `state` and `n_done`."""
    promotion.promote(actor=actor_of(request), version=one(request, model_id))
    return one(request, model_id)


@router.post("/{int:model_id}/shadow", response=CHANGED, auth=PROMOTES, operation_id="shadow_model")
def shadow(request: HttpRequest, model_id: int) -> ModelVersion:
    """Have a model answer beside the live one; what it finds is written down and shown to nobody."""
    shadowing.shadow(actor=actor_of(request), version=one(request, model_id))
    return one(request, model_id)


@router.post("/roll-back", response=CHANGED, auth=PROMOTES, operation_id="roll_back")
def roll_back(request: HttpRequest, given: RollBack) -> ModelVersion:
    """Bring the model back that was live before."""
    return promotion.roll_back(actor=actor_of(request), kind=given.kind, why=given.why)

"""Lists of any length: pages by key, newest first, so that a deep one costs what the first does; no counting."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from unfold.views import ChangeList

OLDER, NEWER = "before", "after"
COUNTED = 100_000  # rows up to which a table is counted; above, the database's own estimate will do


class KeysetChangeList(ChangeList):  # type: ignore[misc]
    """A page is the rows before, or after, a key. What the address says of it is no filter."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in {OLDER, NEWER}}

    def get_query_string(self, new_params: dict[str, Any] | None = None, remove: list[str] | None = None) -> str:
        said: str = super().get_query_string(new_params, [*(remove or []), OLDER, NEWER])
        return said

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        older_than, newer_than = _key(request, OLDER), _key(request, NEWER)
        if newer_than is not None:
            rows = list(self.queryset.filter(pk__gt=newer_than).order_by("pk")[: self.list_per_page + 1])
            self.has_newer, self.has_older = len(rows) > self.list_per_page, True
            self.result_list = rows[: self.list_per_page][::-1]
        else:
            found = self.queryset if older_than is None else self.queryset.filter(pk__lt=older_than)
            rows = list(found[: self.list_per_page + 1])
            self.has_newer, self.has_older = older_than is not None, len(rows) > self.list_per_page
            self.result_list = rows[: self.list_per_page]
        self._say_how_many()

    def _say_how_many(self) -> None:
        """What the templates of the site ask for, with no row counted."""
        is_whole = not self.get_filters_params() and not self.query
        counted: tuple[int | None, bool] = n_rows(self.model) if is_whole else (None, False)
        self.n_rows, self.is_estimate = counted
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(self.result_list)

    @property
    def older_url(self) -> str:
        return self._page(OLDER, self.result_list[-1].pk if self.result_list else 0)

    @property
    def newer_url(self) -> str:
        return self._page(NEWER, self.result_list[0].pk if self.result_list else 0)

    def _page(self, way: str, key: int) -> str:
        """After the names are removed by `get_query_string`, the one that is wanted is put in."""
        said: str = self.get_query_string({way: key})
        return said


def _key(request: HttpRequest, name: str) -> int | None:
    said = request.GET.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 19 else None


def n_rows(model: type[Model]) -> tuple[int, bool]:
    """How many there are, and whether that is an estimate."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
            (estimate,) = cursor.fetchone()
        if estimate > COUNTED:
            return estimate, True
    return model._default_manager.count(), False

"""Queries whose SQL is written once. To build and compile a queryset costs this process several times what asking the
database costs, and a move of a player asks a dozen of them; here the text is kept, and only the values change.

    @prepared
    def unseen(player_id: int) -> QuerySet[Notice]:
        return Notice.objects.filter(player_id=player_id, seen_at=None)

    unseen(7)  # a list of notices, asked anew at each call
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

P = ParamSpec("P")
Row = TypeVar("Row")
Value = int | str | datetime
MOST_KEPT = 64  # statements of one function, that differ in the number of values


def prepared(build: Callable[P, QuerySet[Any, Row]]) -> Callable[P, list[Row]]:
    """For a function that makes a queryset of numbers, strings and points in time that only stand for values in it: it
    must not look at them, nor put them anywhere but into filters. `*values` make one statement for each number of them,
    which should be small."""
    kept: WeakKeyDictionary[BaseDatabaseWrapper, dict[int, _Statement]] = WeakKeyDictionary()  # one for each thread

    @wraps(build)
    def ask(*values: P.args, **nothing: P.kwargs) -> list[Row]:
        if nothing:
            raise TypeError(f"{build.__qualname__} is asked with positions alone.")
        connection = connections[DEFAULT_DB_ALIAS]
        statements = kept.setdefault(connection, {})
        if len(values) not in statements:
            if len(statements) >= MOST_KEPT:
                statements.clear()
            statements[len(values)] = _Statement(build, values, connection)
        return statements[len(values)].rows(values)

    return ask


class _Statement:
    """One queryset on one connection, built with markers in the place of values."""

    def __init__(self, build: Callable[..., Any], values: tuple[Any, ...], connection: BaseDatabaseWrapper) -> None:
        markers = [_marker(value, number) for number, value in enumerate(values)]
        self._connection, self._kinds = connection, [_kind(value) for value in values]
        self._queryset = build(*markers)
        self._compiler = self._queryset.query.get_compiler(connection=connection)
        self._sql, self._params = self._compiler.as_sql()
        written = [self._as_param(marker) for marker in markers]
        self._places = [(place, written.index(it)) for place, it in enumerate(self._params) if it in written]
        missing = set(range(len(markers))) - {number for _, number in self._places}
        if missing:
            raise TypeError(f"{build.__qualname__} does not keep its values {sorted(missing)} as they are given.")
        converters = self._compiler.get_converters([column[0] for column in self._compiler.select])
        self._compiler.get_converters = lambda _columns: converters
        self._queryset.query.get_compiler = lambda *_args, **_kwargs: self._compiler

    def rows(self, values: tuple[Any, ...]) -> list[Any]:
        if [_kind(value) for value in values] != self._kinds:
            raise TypeError(f"Prepared for {self._kinds}, asked with {values}.")
        params = list(self._params)
        for place, number in self._places:
            params[place] = self._as_param(values[number])
        self._compiler.as_sql = lambda *_args, **_kwargs: (self._sql, tuple(params))
        return list(self._queryset._iterable_class(self._queryset))

    def _as_param(self, value: Value) -> Any:
        return self._connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _kind(value: Any) -> type:
    for kind in (int, str, datetime):
        if isinstance(value, kind):
            return kind
    raise TypeError(f"{value!r} cannot stand in a prepared query.")


def _marker(value: Value, number: int) -> Value:
    """A value of the same type that no filter names by itself."""
    if isinstance(value, datetime):
        return datetime(1971, 3, 5, 7, 11, 13, tzinfo=UTC) + timedelta(seconds=number)
    return f"\N{REPLACEMENT CHARACTER}{number}" if isinstance(value, str) else 2_036_459_281 + number

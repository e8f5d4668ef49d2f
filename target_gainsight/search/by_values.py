"""Query the records of an object that have given values in some of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import DataError
from gainsight_api.filters.build import Condition, Filter, Operator, all_of, any_of
from gainsight_api.objects.query import LARGEST_PAGE
from gainsight_api.objects.read import Read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_api.objects.query import Query
    from target_gainsight.rows.values import Wire

_MAX_CONDITIONS = 150
"""Conditions of one query; no limit is documented, and three keys of fifty records fit."""


def rows_per_query(fields: Sequence[str]) -> int:
    """How many rows one query can ask for by the values of these fields."""
    return max(1, _MAX_CONDITIONS // len(fields))


def query_by_values(
    query: Query,
    object_name: str,
    fields: Sequence[str],
    rows: Iterable[Sequence[Wire]],
    select: Iterable[str],
    *,
    all_of_them: bool = False,
) -> list[Mapping[str, Any]]:
    """Query the records that have all values of one of the rows, in the tenant's own order.

    A page shorter than asked for is not the end, since a tenant may give smaller ones: it is read
    on until each row has a record, or a page brings nothing new.

    Args:
        query: The calls.
        object_name: The object.
        fields: The fields whose values are given.
        rows: For each row, the values of these fields; at most `rows_per_query` of them.
        select: The fields to return.
        all_of_them: Whether a row may have several records, all of which are needed.
    """
    wanted = list(rows)
    where = any_of(*(_has_values(fields, values) for values in wanted))
    read = Read(
        object=object_name,
        fields=tuple(dict.fromkeys(select)),
        where=where,
        limit=LARGEST_PAGE,
    )
    found: list[Mapping[str, Any]] = []
    shown: set[tuple[str, ...]] = set()
    last: list[Mapping[str, Any]] = []
    while (page := query.page(replace(read, offset=len(found)))) and page != last:
        check_page(object_name, fields, page)
        found += page
        shown.update(tuple(str(record.get(name)).casefold() for name in fields) for record in page)
        if len(shown) >= len(wanted) and not all_of_them:
            break
        last = page
    return found


def check_page(object_name: str, fields: Sequence[str], page: Sequence[object]) -> None:
    """Check that a page's records show by what they are known: else all would seem to be absent.

    Args:
        object_name: The object.
        fields: The fields by which its records are known.
        page: The records, at least one.

    Raises:
        DataError: They do not.
    """
    records = [record for record in page if isinstance(record, Mapping)]
    if len(records) < len(page):
        raise DataError(f"Gainsight's reply to a query of {object_name} holds no records")
    if not any(name in record for record in records for name in fields):
        raise DataError(
            f"Gainsight's reply to a query of {object_name} lacks {', '.join(fields)}, by which "
            "its records are known: look at the rights of the credential"
        )


def _has_values(fields: Sequence[str], values: Sequence[Wire]) -> Filter | None:
    return all_of(
        *(
            Condition(field, Operator.EQ, (_filter_text(value),))
            for field, value in zip(fields, values, strict=True)
        )
    )


def _filter_text(value: Wire) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Rows and the records that show them."""

from __future__ import annotations

from typing import Any

from gainsight_api.objects.datatypes import Number
from gainsight_api.objects.metadata import Field, GainsightObject
from target_gainsight.rows.blocks import Row
from target_gainsight.search.matching import Matcher


def test_rows_are_matched_by_key_whatever_their_order_and_form() -> None:
    matcher = Matcher(
        GainsightObject(
            "o", "O", {"Name": Field("Name", "", "STRING"), "N": Field("N", "", "NUMBER")}
        )
    )
    rows = [Row({"Name": name, "N": "5"}, []) for name in ("a", "B ", "c", "c")]
    records: list[dict[str, Any]] = [
        {"Name": "c", "N": Number("5.00")},
        {"Name": "b"},
        {"Name": "a"},
    ]
    assert matcher.matched_in_reply(rows, records, ("Name",)) == {0, 1, 2}
    assert matcher.matched_in_reply(rows, records, ()) == {2}
    assert matcher.by_all_values(rows, records) == {2}
    assert matcher.by_key(rows, records, ("Name",)) == {0, 1, 2, 3}

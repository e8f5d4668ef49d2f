"""The lines of what stream maps make of a block are those that the SDK would write."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.json import serialize_json

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import Kind
from tap_gainsight.records.block import Block, Column
from tap_gainsight.records.decode import Decoder
from tap_gainsight.records.lines import mapped_lines, raw_lines
from tests.tap.generated import file_of, tables


def test_every_sign_of_a_text_is_written_as_the_sdk_writes_it() -> None:
    columns = (Column("Name", "Name", Kind.TEXT),)
    for sign in map(chr, [*range(0x180), 0x2028, 0xD7FF, 0xFFFF, 0x1F600]):
        texts = ["plain", f"a{sign}b", "", sign]
        expected = [serialize_json({"Name": text or None}) for text in texts]
        assert raw_lines(Block(columns, (texts,), len(texts))).splitlines() == expected


class WithoutNulls(SameRecordTransform):
    """A map whose results have not all the same properties."""

    def transform(self, record: dict[str, Any]) -> dict[str, Any] | None:
        kept = {name: value for name, value in record.items() if value not in {None, "key"}}
        return {**kept, "Whole": record} if kept else None


@settings(max_examples=100, deadline=None)
@given(tables())
def test_results_may_differ_in_their_properties(
    table: tuple[list[tuple[str, Kind, bool]], list[list[str]]],
) -> None:
    chosen, rows = table
    columns = tuple(Column(name, name, kind) for name, kind, _ in chosen)
    now, stream_map = datetime.now(UTC), WithoutNulls("an alias", {}, (), None)
    with contextlib.suppress(DataError):
        for block in Decoder("a_stream", columns).from_csv(file_of(rows)):
            expected = [
                serialize_json({"type": "RECORD", "stream": "an alias", "record": result})
                for record in block.records()
                if (result := stream_map.transform(record)) is not None
            ]
            lines = "".join(mapped_lines(block, [stream_map], now)).splitlines()
            tail = f',"time_extracted":"{now.isoformat()}"}}'
            assert [line.removesuffix(tail) + "}" for line in lines] == expected

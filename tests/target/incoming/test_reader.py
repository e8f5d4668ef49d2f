"""Messages read from the input, however it arrives."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_gainsight.incoming.reader import MessageReader

if TYPE_CHECKING:
    from collections.abc import Callable


class Trickle(io.BytesIO):
    """An input of which every read gives as much as it likes."""

    sizes: Callable[[], int]

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(self.sizes(), size or 0))


MESSAGES = st.lists(
    st.sampled_from(
        [
            '{"type":"RECORD","stream":"a","record":{"N":1.50,"T":"é"}}',
            '{"type": "RECORD", "stream": "a", "record": {}}',
            '{"type":"RECORD","stream":"b","record":{"N":"x"}}',
            '{"type":"RECORD","stream":"a","record":{"N":NaN}}',
            '{"type":"STATE","value":{"at":1.0}}',
            '{"type":"SCHEMA","stream":"a","schema":{},"key_properties":[]}',
        ]
    ),
    max_size=12,
)


def read(source: Any) -> list[Any]:
    """What a target is told of an input, record by record."""
    told: list[Any] = []

    def tell(message: dict[str, Any]) -> None:
        message.pop("arrived", None)
        records = message.pop("records", [None])
        told.extend((message, record) for record in records)

    MessageReader().process_lines(source, dict.fromkeys(("RECORD", "STATE", "SCHEMA"), tell))
    return told


@given(MESSAGES, st.sampled_from(["", "\n"]), st.data())
def test_the_input_is_the_same_however_it_arrives(
    messages: list[str], end: str, data: st.DataObject
) -> None:
    text = "\n".join(messages) + (end if messages else "")
    source = Trickle(text.encode())
    source.sizes = lambda: data.draw(st.integers(1, 200))
    assert read(source) == read(io.StringIO(text))


def test_the_first_of_the_schemas_that_arrive_together_names_all_their_streams() -> None:
    told: list[dict[str, Any]] = []
    lines = [f'{{"type":"SCHEMA","stream":"{name}","schema":{{}}}}\n' for name in "abc"]
    bad = '{"type":"SCHEMA","schema":{}}\n'
    source = io.BytesIO("".join((lines[0], f"{RECORD}\n", *lines[1:], bad)).encode())
    with pytest.raises(InvalidInputLine, match="Line 5 of the input is a SCHEMA without stream"):
        MessageReader().process_lines(source, dict.fromkeys(("RECORD", "SCHEMA"), told.append))
    assert [message.get("arrived") for message in told] == [["a", "b", "c"], None, None, None]


RECORD = '{"type":"RECORD","stream":"a","record":{}}'


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        (f"{RECORD}\n\n{RECORD}{RECORD}\n", 3),
        (f"{RECORD}\n{RECORD}{RECORD}\n", 2),
        ('{"type":"STATE",\n"value":{}}\n', 1),
        (f"{RECORD}\nx", 2),
        (f"{RECORD}\n{RECORD.replace('{}', '[]')}\n", 2),
    ],
)
def test_a_line_that_is_no_message_is_named(lines: str, bad: int) -> None:
    with pytest.raises(InvalidInputLine, match=f"Line {bad} of the input is "):
        read(io.BytesIO(lines.encode()))

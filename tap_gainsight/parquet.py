"""Records as a Parquet file. Only imported where that is set, since pyarrow is an extra."""

from __future__ import annotations

from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from gainsight_api.errors import DataError
from gainsight_api.objects.datatypes import Kind
from tap_gainsight.batch_settings import GZIP_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_gainsight.records.block import Block, Column

_GROUP_ROWS = 5_000
"""Rows of a row group; those of one group are held in memory, and of these more than once."""
_FEWER_DIGITS, _MOST_DIGITS = 38, 76
"""Of decimals of 128, and of 256 bits."""
_FLAGS = {"true": True, "false": False, "": None}


class Parquet:
    """A file of columns: numbers as decimals, times and dates as the texts that messages hold.

    A decimal has 38 digits, or 76 where these do not do; where later records need more, on either
    side of the point, they do not fit.

    Args:
        file: The file.
        compression: gzip or none.
        stream: The stream's name, for errors.
    """

    def __init__(self, file: IO[bytes], compression: str, stream: str) -> None:
        self._file = file
        self._compression = compression
        self._stream = stream
        self._columns: tuple[Column, ...] = ()
        self._types: Mapping[str, Any] = {}
        self._waiting: list[Any] = []
        self._writer: Any = None

    def add(self, block: Block) -> bool:
        """Take a block's records, and write those of a row group once they are enough.

        Returns:
            Whether the file takes them: it has their columns, and room for their numbers.

        Raises:
            DataError: A number has too many digits for any file.
        """
        is_first = self._writer is None
        if is_first:
            self._begin(block)
        elif block.columns != self._columns:
            return False
        try:
            columns = [
                _array(column.kind, values, self._types[column.name])
                for column, values in zip(block.columns, block.values, strict=True)
            ]
        except pa.ArrowInvalid:
            if is_first:
                raise
            return False
        self._waiting.append(pa.table(columns, schema=self._writer.schema))
        if sum(table.num_rows for table in self._waiting) >= _GROUP_ROWS:
            self._write()
        return True

    def close(self) -> None:
        """Write what ends the file."""
        if self._writer:
            self._write()
            self._writer.close()

    def _begin(self, block: Block) -> None:
        digits = _digits(block)
        self._types = {column.name: self._type(column, digits) for column in block.columns}
        self._columns = block.columns
        schema = pa.schema(list(self._types.items()))
        packed = self._compression == "gzip"
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            compression=self._compression,
            compression_level=GZIP_LEVEL if packed else None,
            use_dictionary=_repeated(block),
        )

    def _type(self, column: Column, digits: Mapping[str, tuple[int, int]]) -> Any:
        if column.kind is not Kind.NUMBER:
            return pa.bool_() if column.kind is Kind.BOOLEAN else pa.string()
        whole, scale = digits[column.name]
        if whole + scale > _MOST_DIGITS:
            raise DataError(
                f"stream {self._stream}, field {column.path}: a number has more than "
                f"{_MOST_DIGITS} digits, which Parquet cannot hold: set encoding.format in "
                "`batch_config` to jsonl, or deselect the field"
            )
        if whole + scale > _FEWER_DIGITS:
            return pa.decimal256(_MOST_DIGITS, scale)
        return pa.decimal128(_FEWER_DIGITS, scale)

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []


def _digits(block: Block) -> dict[str, tuple[int, int]]:
    """How many digits the numbers of each column have at most before the point, and behind it."""
    return {
        column.name: _longest(values)
        for column, values in zip(block.columns, block.values, strict=True)
        if column.kind is Kind.NUMBER
    }


def _longest(values: Sequence[str]) -> tuple[int, int]:
    together = "".join(values)
    if "e" in together or "E" in together:
        sizes = [_size(Decimal(value)) for value in values if value]
    else:
        parts = [value.removeprefix("-").partition(".") for value in values]
        sizes = [(len(whole), len(rest)) for whole, _, rest in parts]
    return max((whole for whole, _ in sizes), default=0), max(
        (rest for _, rest in sizes), default=0
    )


def _size(number: Decimal) -> tuple[int, int]:
    """Its digits before the point, and behind it, where it is written without an exponent."""
    _, digits, exponent = number.as_tuple()
    lowest = int(exponent)  # a letter only for NaN and infinities, which no cell holds
    return max(len(digits) + lowest, 0), max(-lowest, 0)


def _repeated(block: Block) -> list[str]:
    """The columns in which most values come again, as far as a file's first block tells.

    Only these are worth a dictionary: to make one of a column of keys or of sentences takes twice
    the time that writing it takes, for nothing.
    """
    return [
        column.name
        for column, values in zip(block.columns, block.values, strict=True)
        if 2 * len(set(values)) < len(values)
    ]


def _array(kind: Kind, values: Sequence[str], data_type: Any) -> Any:
    if kind is Kind.BOOLEAN:
        return pa.array([_FLAGS[value] for value in values], data_type)
    texts = pa.array([value or None for value in values], pa.string())
    if kind is not Kind.NUMBER:
        return texts
    if _may_pass_unseen(values) and not _has_room(values, data_type):
        raise pa.ArrowInvalid
    return texts.cast(data_type)  # exact, or an error


def _may_pass_unseen(values: Sequence[str]) -> bool:
    """Whether pyarrow may make another number of one that does not fit, in place of an error.

    It does where the digits alone are more than a decimal of 128 bits has.
    """
    together = "".join(values)
    return "e" in together or "E" in together or max(map(len, values), default=0) > _FEWER_DIGITS


def _has_room(values: Sequence[str], data_type: Any) -> bool:
    whole, scale = _longest(values)
    return bool(scale <= data_type.scale and whole <= data_type.precision - data_type.scale)

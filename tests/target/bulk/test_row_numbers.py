"""Which rows the errors of an import job mean."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.imports import RowError
from target_gainsight.bulk.row_numbers import base_by_keys, base_by_messages, possible_bases


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from([0, 1, 2]))
def test_the_true_base_is_always_possible(failed: set[int], base: int) -> None:
    numbers = [index + base for index in failed]
    assert base in possible_bases(numbers, 20)
    assert possible_bases(numbers, 20, (base,)) == [base]


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from([0, 1, 2]))
def test_keys_tell_the_base_or_nothing(failed: set[int], base: int) -> None:
    numbers = [index + base for index in failed]
    bases = possible_bases(numbers, 20)
    found = base_by_keys(numbers, bases, lambda indexes: set(indexes) - failed)
    assert found == base


def test_messages_that_quote_values_tell_the_base() -> None:
    rows = {
        index: {"Name": f"name {index}", "A": None if index == 3 else "x"} for index in range(6)
    }
    quoting = [RowError(4, "Invalid value (Name = name 3).", "Name")]
    assert base_by_messages(quoting, [0, 1, 2], rows) == 1
    empty = [RowError(5, "Required value is missing", "A")]
    assert base_by_messages(empty, [0, 1, 2], rows) == 2
    silent = [RowError(4, "Something is wrong", "Name")]
    assert base_by_messages(silent, [0, 1, 2], rows) is None

"""Which rows the errors of an import job mean."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.jobs.import_replies import RowError
from target_gainsight.bulk.row_numbers import BASES, Telling, possible_bases
from target_gainsight.search.existing import Held


def errors_of(failed: set[int], base: int) -> list[RowError]:
    return [RowError(index + base, "Something is wrong") for index in sorted(failed)]


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from(BASES))
def test_the_true_base_is_always_possible(failed: set[int], base: int) -> None:
    numbers = {index + base for index in failed}
    assert base in possible_bases(numbers, 20)
    assert possible_bases(numbers, 20, (base,)) == [base]


@given(st.sets(st.integers(0, 19), min_size=1), st.sampled_from(BASES))
def test_what_is_held_tells_the_base(failed: set[int], base: int) -> None:
    bases = possible_bases({index + base for index in failed}, 20)
    telling = Telling.of(errors_of(failed, base), bases)
    held = set(telling.indexes) - failed
    if len(bases) > 1:
        assert telling.fitting(Held(held, held)) == [base]


def test_messages_that_quote_values_of_their_field_tell_the_base() -> None:
    rows = {
        index: {"Name": f"name {index}", "A": None if index == 3 else "x"} for index in range(6)
    }
    quoting = Telling.of([RowError(4, "Invalid value (Name = name 3).", "Name")], BASES)
    assert quoting.quoting(rows, BASES) == [1]


def test_an_empty_cell_and_a_number_without_a_field_tell_nothing() -> None:
    rows = {index: {"Seq": str(index + 1), "A": None if index == 3 else "x"} for index in range(6)}
    for error in (RowError(5, "Required value is missing", "A"), RowError(4, "Line 4: double.")):
        assert Telling.of([error], BASES).quoting(rows, BASES) == [*BASES]


def test_a_hundred_thousand_errors_are_told_in_the_time_of_a_few() -> None:
    errors = [RowError(2 * n + 1, f"Bad value v{2 * n}.", "A") for n in range(100_000)]
    begun = time.process_time()
    telling = Telling.of(errors, BASES)
    rows = {index: {"A": f"v{index}"} for index in telling.indexes}
    assert telling.quoting(rows, BASES) == [1]
    assert len(telling.indexes) < 1_000
    assert time.process_time() - begun < 2

"""Standard output: whole lines, and no waiting for a reader once the run is stopped."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_gainsight.output import Output, OutputError, whole_lines


def test_a_closed_standard_output_is_an_error_and_no_traceback() -> None:
    with contextlib.redirect_stdout(None), pytest.raises(OutputError, match="is closed"):
        Output().write("{}\n")


@given(st.lists(st.text("ab", max_size=12)), st.integers(1, 20))
def test_lines_are_cut_only_between_them(texts: list[str], size: int) -> None:
    data = "".join(f"{line}\n" for line in texts).encode()
    parts = list(whole_lines(data, size))
    assert b"".join(parts) == data
    assert all(part.endswith(b"\n") for part in parts)
    assert all(len(part) <= size or part.count(b"\n") == 1 for part in parts)

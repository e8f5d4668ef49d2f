"""Any bytes are read, or refused in a clear error; so is what fuzzing has found before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of the seeds, of which some bytes are changed, left out or there twice."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 8)))
        other = draw(st.sampled_from(seeds))
        begin = draw(st.integers(0, len(other)))
        piece = other[begin : begin + draw(st.integers(0, 12))]
        data[at:end] = draw(
            st.one_of(st.binary(max_size=4), st.just(piece), st.just(bytes(data[at:end] * 2)))
        )
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_is_begun_with_is_read_or_refused(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    target: Callable[[bytes], None] = TARGETS[name]

    @examples(max_examples=2_000)
    @given(changed(SEEDS[name]))
    def run(data: bytes) -> None:
        target(data)

    run()

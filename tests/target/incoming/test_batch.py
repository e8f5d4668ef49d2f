"""A batch gives back what it took, from memory or from disk."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from target_gainsight.incoming.batch import Batch, slices
from target_gainsight.incoming.storage import Storage


@given(st.integers(0, 50), st.integers(1, 20))
def test_slices_cover_a_batch_once(size: int, rows: int) -> None:
    covered = [index for part in slices(range(size), rows) for index in part]
    assert covered == list(range(size))


def test_a_large_batch_is_read_back_from_disk() -> None:
    batch = Batch(Storage(memory_bytes=5_000_000))
    big = "x" * 1_000_000
    for number in range(20):
        record = json.dumps({"Name": f"{number}", "A": big}).encode()
        batch.extend([record], range(number, number + 1))
    blocks = [block for [block] in batch.records(range(20))]
    found = [row.values["Name"] for block in blocks for row in block]
    assert found == [f"{number}" for number in range(20)]
    assert max(map(len, blocks)) == 4
    batch.close()

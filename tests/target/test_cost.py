"""What the target costs grows with the records, not with the streams."""

from __future__ import annotations

import io
import time
from pathlib import Path

from gainsight_sandbox import ManualClock, Sandbox
from target_gainsight.incoming.storage import Storage
from tests.target.support import THING, as_lines, make_target, record, schema, state, thing

RECORDS = 6_000
STREAMS = 200


def seconds(sandbox: Sandbox, folder: Path, streams: int) -> float:
    """CPU seconds to take in records of that many streams in turn, with a STATE now and then."""
    names = [f"s{number}" for number in range(streams)]
    feed = [schema(name) for name in names]
    for number in range(RECORDS):
        feed.append(record(names[number % streams], Name=f"n{number}"))
        if number % 10 == 0:
            feed.append(state(number))
    text = io.StringIO(as_lines(feed))
    entries = [{"name": "*", "object": THING}]
    target = make_target(sandbox, folder, streams=entries, dry_run=True, load_mode="rest")
    target.process_endofpipe = lambda: None  # type: ignore[method-assign]
    begun = time.process_time()
    target.listen(text)
    return time.process_time() - begun


def test_many_streams_in_turn_cost_little_more_than_one(tmp_path: Path) -> None:
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()]) as sandbox:
        setting_up = 0.002 * STREAMS
        one, many = (seconds(sandbox, tmp_path, streams) for streams in (1, STREAMS))
    assert many < 3 * one + setting_up


def test_no_file_stays_open_for_what_waits_on_disk() -> None:
    from target_gainsight.incoming.storage import Lines  # noqa: PLC0415 - only here

    storage = Storage(memory_bytes=10)
    waiting = [Lines(storage) for _ in range(50)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for lines in waiting:
        lines.write(b"x" * 20)
    assert len(list(storage.folder.glob("*.jsonl"))) == 50
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1

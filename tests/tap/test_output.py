"""Standard output: whole lines, and no waiting for a reader once the run is stopped."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_sandbox import Sandbox
from tap_gainsight.output import Output, OutputError, whole_lines
from tests.tap.support import make_tap


class InUse(io.StringIO):
    """What Python says of a stream in the middle of whose own writing a signal's handler writes."""

    def write(self, _: str, /) -> int:
        raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")


def test_a_signal_that_comes_while_the_log_is_written_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(rows={"company": 1}) as sandbox:
        tap = make_tap(sandbox)
        monkeypatch.setattr("sys.stderr", InUse())  # where `logging` tells that it could not write
        handler = logging.StreamHandler(InUse())
        tap.logger.addHandler(handler)
        try:
            with pytest.raises(SystemExit) as stopped:
                tap._handle_termination(signal.SIGTERM, None)
        finally:
            tap.logger.removeHandler(handler)
    assert stopped.value.code == 128 + signal.SIGTERM


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


def test_what_is_written_after_a_signal_does_not_wait_for_a_reader_that_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tap_gainsight.output._LINE_END_SECONDS", 0.0)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(65536))
    output = Output()
    with open(writer, "w") as full, contextlib.redirect_stdout(full):  # noqa: PTH123 - a descriptor
        with pytest.raises(SystemExit):
            output.stop(15)
        with pytest.raises(SystemExit):
            output.write("{}\n")
        os.read(reader, 1 << 20)
    os.close(reader)

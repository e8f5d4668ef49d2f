"""Where STATE messages go: standard output."""

from __future__ import annotations

import os
import sys

from gainsight_api.errors import GainsightError
from gainsight_singer.cli import is_closed


def write_state(value: bytes) -> None:
    """Write the JSON text of a STATE's value on a line of its own.

    Raises:
        GainsightError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    if is_closed(sys.stdout):
        raise GainsightError("the STATE cannot be written: standard output is closed")
    try:
        sys.stdout.write(value.decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        # Python would try to write it once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise GainsightError(
            f"the STATE cannot be written to standard output ({exc.strerror}); what it covers "
            "comes again in the next run"
        ) from None

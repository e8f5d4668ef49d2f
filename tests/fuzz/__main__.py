"""Coverage-guided fuzzing of one target: `python -m tests.fuzz TARGET [options of libFuzzer]`.

It stops at what a target does not bear, and leaves it in a file `crash-…`.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import atheris

atheris.enabled_hooks.add("str")
with atheris.instrument_imports(
    include=["gainsight_api", "gainsight_singer", "tap_gainsight", "target_gainsight"]
):
    from tests.fuzz.seeds import SEEDS
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until an option ends it, such as -max_total_time=60."""
    name, *options = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([name, corpus, "-timeout=20", "-rss_limit_mb=2048", *options], target)
        atheris.Fuzz()


main()

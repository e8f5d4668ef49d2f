"""What `gainsight-sandbox serve` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gainsight_sandbox.sandbox import Sandbox
    from gainsight_sandbox.wire.calls import LoggedRequest

_BANNER = """\
Gainsight sandbox at {url}, access key {key}
{objects}
Point the tap at it (the target likewise, by TARGET_GAINSIGHT_…):
  export TAP_GAINSIGHT_DOMAIN={url} TAP_GAINSIGHT_ACCESS_KEY={key}
  tap-gainsight --config=ENV --discover > catalog.json
Look in: curl {url}/sandbox/usage (or counts, journal). Change records: POST {url}/sandbox/mutate
Ctrl-C stops it."""


def banner(sandbox: Sandbox) -> str:
    """Where the tenant is, what it has, and how to use it."""
    counts = sandbox.tenant.counts()
    width = max(map(len, counts))
    objects = "\n".join(f"  {name:<{width}} {count:>10,}" for name, count in counts.items())
    return _BANNER.format(url=sandbox.url, key=sandbox.access_key, objects=objects)


def log_line(entry: LoggedRequest) -> str:
    """One request: method, path, status (`-` if the connection broke), milliseconds, bytes."""
    status = entry.status or "-"
    return f"{entry.method} {entry.path} {status} {entry.milliseconds:.0f}ms {entry.size}B"

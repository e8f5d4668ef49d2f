"""The setting `report_path`, which both connectors have."""

from __future__ import annotations

from typing import Any

REPORT_PATH: dict[str, Any] = {
    "type": ["string", "null"],
    "title": "Report",
    "description": "A file for the run's report, one page of HTML that is replaced at the end of "
    "each run, also of a failed one.",
}
"""Its JSON Schema."""

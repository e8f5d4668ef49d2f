"""Where a bulk job stands, in the words that a status may use.

The articles name few words. What plainly says that a job is under way, or has ended, is understood
as well, in any case; a word that is not known is `UNKNOWN`, and is never taken for an end.
"""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


_WORDS = {
    JobState.RUNNING: "INIT IN_PROGRESS RUNNING QUEUED PENDING SUBMITTED PROCESSING STARTED NEW",
    JobState.COMPLETED: "COMPLETED COMPLETE SUCCESS SUCCEEDED SUCCESSFUL DONE FINISHED",
    JobState.FAILED: "FAILED FAILURE ERROR ABORTED CANCELLED CANCELED EXPIRED KILLED TERMINATED "
    "REJECTED TIMED_OUT",
}
_STATES = {word: state for state, words in _WORDS.items() for word in words.split()}


def state_of(word: object) -> JobState:
    """The state that a status names, however it is cased and spaced."""
    text = "_".join(str(word or "").upper().replace("_", " ").replace("-", " ").split())
    return _STATES.get(text, JobState.UNKNOWN)

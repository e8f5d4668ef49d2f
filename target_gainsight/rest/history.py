"""What has become of the writes to an object, over all streams of a run that go into it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

_TAKEN_BY_ANY_SERVER = 50_000
_REFUSED_ALIKE = 5
"""Records that are refused alike, each sent alone, before the run is stopped."""


@dataclass(slots=True)
class WriteHistory:
    """Tells a tenant that refuses all records from one that refuses some.

    Attributes:
        has_written: Whether a record has been written.
        largest_taken: Bytes of the largest call's records that were taken; 0 if none was yet.
        inserted: Hashes of the keys of what the operation `insert` has added. They are asked for
            only if a call is not answered, so that they take 8 bytes each, and no set of them.
    """

    has_written: bool = False
    largest_taken: int = 0
    inserted: array[int] = field(default_factory=lambda: array("q"))
    _alike: int = 0
    _code: str | None = None

    def can_be_too_large(self, size: int) -> bool:
        """Whether so many bytes may be more than Gainsight takes: no call of as many was taken."""
        return size > (self.largest_taken or _TAKEN_BY_ANY_SERVER)

    def refused(self, code: str | None) -> None:
        """A record that was sent alone was refused.

        Args:
            code: The refusal's code, if it says nothing of the record; else None.
        """
        self._alike = self._alike + 1 if code is not None and code == self._code else 1
        self._code = code

    @property
    def refuses_all(self) -> bool:
        """Whether it cannot be for the records."""
        return not self.has_written and self._code is not None and self._alike >= _REFUSED_ALIKE

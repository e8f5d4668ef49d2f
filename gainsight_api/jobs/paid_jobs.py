"""Export jobs that have been paid for and not yet read, remembered beside the quota.

A run that is killed may leave no state behind: loaders write it late, and a killed scheduler not at
all. So a job is also remembered where the calls are counted, and a later run that asks for the very
same takes it instead of a new one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_api.clock import Clock
    from gainsight_api.objects.read import Read
    from gainsight_api.quota import Store


class PaidJob(msgspec.Struct, frozen=True):
    """A job that has been submitted.

    Attributes:
        id: Its id.
        status_url: Where its status is.
        submitted_at: When it was submitted, in seconds since 1970.
        began: The tenant's time when its extract began.
        object: The object that it exports; empty where an earlier version has submitted it.
    """

    id: str
    status_url: str
    submitted_at: float
    began: str
    object: str = ""


_decoder = msgspec.json.Decoder(dict[str, PaidJob])


class PaidJobs:
    """The remembered jobs of one credential.

    Args:
        store: Where they are remembered.
        key: Whose they are.
        clock: Time.
        lifetime: Seconds for which a job is remembered.
    """

    def __init__(self, store: Store, key: str, clock: Clock, lifetime: float) -> None:
        self._store = store
        self._key = document_key(key)
        self._clock = clock
        self._lifetime = lifetime

    def find(self, read: Read) -> PaidJob | None:
        """The job that was submitted for the very same, if one is remembered."""
        return self._update(lambda _: None).get(_digest(read))

    def note(self, read: Read, job: PaidJob) -> None:
        """Remember a job."""
        self._update(lambda jobs: {**jobs, _digest(read): job})

    def forget(self, job_id: str) -> None:
        """Forget a job: it has been read, or is gone."""
        self._update(lambda jobs: {digest: job for digest, job in jobs.items() if job.id != job_id})

    def _update(
        self, change: Callable[[dict[str, PaidJob]], dict[str, PaidJob] | None]
    ) -> dict[str, PaidJob]:
        def change_document(document: bytes | None) -> tuple[dict[str, PaidJob], bytes | None]:
            jobs = self._young(document)
            changed = change(jobs)
            return jobs, None if changed is None else msgspec.json.encode(changed)

        return self._store.update(self._key, change_document)

    def _young(self, document: bytes | None) -> dict[str, PaidJob]:
        return remembered(document, self._clock.now() - self._lifetime)


def document_key(key: str) -> str:
    """Where a store keeps the jobs of a credential, by the credential's `quota_key`."""
    return f"{key}:exports"


def remembered(document: bytes | None, oldest: float) -> dict[str, PaidJob]:
    """The jobs of a store's document that were submitted since `oldest`, in seconds since 1970."""
    try:
        jobs = _decoder.decode(document) if document else {}
    except msgspec.DecodeError:  # of another version: what is not remembered is paid anew
        return {}
    return {digest: job for digest, job in jobs.items() if job.submitted_at >= oldest}


def _digest(read: Read) -> str:
    return hashlib.sha256(msgspec.json.encode([read.object, read.body()])).hexdigest()[:32]

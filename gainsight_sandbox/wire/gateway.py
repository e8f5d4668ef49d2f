"""What every call passes on its way to the handler that answers it: hook, key, budget, faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, ObjectNotFoundError
from gainsight_sandbox.behaviour.faults import Effect, Fault, Faults
from gainsight_sandbox.behaviour.limits import Budget, Meter
from gainsight_sandbox.tenant.values import from_seconds
from gainsight_sandbox.wire.calls import Call, Endpoint, LoggedRequest
from gainsight_sandbox.wire.envelope import failure, html_page, object_not_found, without_nulls
from gainsight_sandbox.wire.mishaps import DroppedConnection, fixed, not_utf8, spoiled
from gainsight_sandbox.wire.request_log import ENTRY
from gainsight_sandbox.wire.upheavals import Upheavals
from gainsight_sandbox.wire.uploads import receive_upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.wire.auth import Gate

_BUDGETS = {
    CallKind.EXPORT_SUBMIT: Budget.BULK,
    CallKind.IMPORT_SUBMIT: Budget.BULK,
    CallKind.QUERY: Budget.SYNC,
    CallKind.METADATA: Budget.SYNC,
    CallKind.INSERT: Budget.SYNC,
    CallKind.UPDATE: Budget.SYNC,
    CallKind.UPSERT: Budget.SYNC,
    CallKind.DELETE: Budget.SYNC,
    CallKind.RECORD: Budget.SYNC,
    CallKind.PERSON_UPSERT: Budget.SYNC,
    CallKind.CTA_CREATE: Budget.SYNC,
    CallKind.CTA_UPDATE: Budget.SYNC,
    CallKind.CTA_LIST: Budget.SYNC,
    CallKind.CTA_PICKLISTS: Budget.SYNC,
    CallKind.DELETED_LIST: Budget.SYNC,
    CallKind.ACTIVITY_INSERT: Budget.TIMELINE,
    CallKind.ACTIVITY_UPDATE: Budget.TIMELINE,
}
_IMPORT_READS = {CallKind.IMPORT_STATUS, CallKind.IMPORT_LIST, CallKind.IMPORT_ERRORS}
_IMPORT_CALLS = {CallKind.IMPORT_SUBMIT, *_IMPORT_READS}
_JOB_CALLS = {CallKind.EXPORT_STATUS, CallKind.EXPORT_CHUNK, *_IMPORT_READS}
_OPEN = {CallKind.TOKEN, CallKind.CONTROL}


@dataclass(slots=True)
class Gateway:
    """Lets a call through, or answers in the handler's place."""

    tenant: Tenant
    gate: Gate
    meter: Meter
    faults: Faults
    quirks: Quirks
    clock: Clock
    before_request: Callable[[LoggedRequest], None] | None = None
    crashes: list[Exception] = field(default_factory=list)
    _upheavals: Upheavals = field(init=False)

    def __post_init__(self) -> None:
        self._upheavals = Upheavals(self.tenant, self.gate, self.meter, self.clock)

    async def serve(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer a request in a worker thread."""
        entry: LoggedRequest = request.scope[ENTRY]
        entry.kind = endpoint.kind
        entry.object = request.path_params.get("object", "").lower() or endpoint.object
        call = Call(
            request=entry,
            parameters=request.path_params,
            query=request.query_params,
            headers=request.headers,
            body=b"",
        )
        try:
            if endpoint.takes_upload:
                async with receive_upload(request) as call.upload:
                    entry.object = call.upload.fields.get("objectName", "").lower() or None
                    return await run_in_threadpool(self._answer, endpoint, call)
            call.body = entry.body = await request.body()
        except ClientDisconnect:
            return DroppedConnection()
        return await run_in_threadpool(self._answer, endpoint, call)

    def _answer(self, endpoint: Endpoint, call: Call) -> Response:
        reply = self._reply(endpoint, call)
        shown_whole = call.fault is not None or not self.quirks.nulls_absent
        return reply if shown_whole else without_nulls(reply)

    def _reply(self, endpoint: Endpoint, call: Call) -> Response:
        try:
            return self._admit(endpoint, call)
        except ApiError as error:
            if self.quirks.html_errors and "application/json" not in call.headers.get("accept", ""):
                return html_page(error)
            return failure(error, as_200=self.quirks.errors_as_200)
        except ObjectNotFoundError:
            return object_not_found(f"{from_seconds(self.clock.now()):%Y-%m-%d %H:%M:%S} UTC")
        except Exception as error:  # noqa: BLE001 - kept, to be raised when the sandbox stops
            self.crashes.append(error)
            refusal = ApiError(None, "The sandbox failed.", status=HTTPStatus.INTERNAL_SERVER_ERROR)
            return failure(refusal)

    def _admit(self, endpoint: Endpoint, call: Call) -> Response:
        if endpoint.kind is CallKind.CONTROL:
            return endpoint.handler(call)
        if self.before_request is not None:
            self.before_request(call.request)
        fault = call.fault = self.faults.take(endpoint.kind, call.request.object)
        if fault is not None and fault.is_uncounted:
            return self._unprocessed(fault)
        if fault is not None:
            self._upheavals.happen(fault, call.request.object)
        if endpoint.kind not in _OPEN:
            self.gate.check(call.headers, bulk_import=self._has_bulk_key(endpoint))
        budget = self._budget(endpoint.kind)
        if budget is Budget.TIMELINE and self.quirks.timeline_counts_as_sync:
            self.meter.count(Budget.SYNC)
        self.meter.count(budget)
        if fault is None:
            return endpoint.handler(call)
        return self._answer_with_fault(endpoint, call, fault)

    def _has_bulk_key(self, endpoint: Endpoint) -> bool:
        jobs = endpoint.kind in _IMPORT_CALLS and self.quirks.bulk_key_for_jobs
        return jobs or endpoint.takes_bulk_key

    def _budget(self, kind: CallKind) -> Budget:
        if kind in _JOB_CALLS:
            return Budget(self.quirks.job_calls)
        return _BUDGETS.get(kind, Budget.NONE)

    def _unprocessed(self, fault: Fault) -> Response:
        """The reply of a call that is not processed."""
        match fault.effect:
            case Effect.STATUS:
                return _refused(fault)
            case Effect.NOT_UTF8:
                return not_utf8(fault.status or HTTPStatus.OK)
            case Effect.REDIRECT:
                return RedirectResponse(fault.location, status_code=HTTPStatus.FOUND)
            case _:
                return DroppedConnection()

    def _answer_with_fault(self, endpoint: Endpoint, call: Call, fault: Fault) -> Response:
        if fault.effect in {Effect.STATUS, Effect.NOT_UTF8, Effect.REDIRECT}:
            return self._unprocessed(fault)
        if fault.effect is Effect.DELAY:
            self.clock.sleep(fault.seconds)
        try:
            response = endpoint.handler(call)
        except ApiError:
            if fault.effect is Effect.JOB_EXPIRED and fault.body is not None:
                return _refused(fault)
            raise
        return spoiled(response, fault)


def _refused(fault: Fault) -> Response:
    """An error status in an envelope, or with the text that the fault gives."""
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.body is not None:
        response = fixed(fault.body, status)
        response.headers.update(headers)
        return response
    known = status in set(HTTPStatus)
    reason = HTTPStatus(status).phrase if known else "Unknown status"
    return failure(ApiError(fault.code, reason, status=status, headers=headers))

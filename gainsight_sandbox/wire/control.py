"""The sandbox's own calls, for users in other processes: no key, no metering, this machine only."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, BadQueryError, ObjectNotFoundError
from gainsight_sandbox.behaviour.faults import Faults, build_fault
from gainsight_sandbox.wire.calls import Call, Endpoint, parse_json
from gainsight_sandbox.wire.envelope import success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.journal import Journal
    from gainsight_sandbox.behaviour.limits import Meter
    from gainsight_sandbox.tenant.tenant import Tenant


class ControlRoutes:
    """Looks into the tenant, changes its records, and asks for faults."""

    def __init__(self, tenant: Tenant, meter: Meter, faults: Faults, journal: Journal) -> None:
        self._tenant = tenant
        self._meter = meter
        self._faults = faults
        self._journal = journal

    def endpoints(self) -> list[Endpoint]:
        """Usage, counts, mutate, faults, journal."""
        routes = [
            ("GET", "usage", self.usage),
            ("GET", "counts", self.counts),
            ("POST", "mutate", self.mutate),
            ("GET", "faults", self.list_faults),
            ("POST", "faults", self.add_faults),
            ("DELETE", "faults", self.clear_faults),
            ("GET", "journal", self.show_journal),
            ("DELETE", "journal", self.clear_journal),
        ]
        return [
            Endpoint(method, f"/sandbox/{name}", CallKind.CONTROL, handler)
            for method, name, handler in routes
        ]

    def usage(self, call: Call) -> Response:
        """Calls used up."""
        del call
        return success(asdict(self._meter.usage()))

    def counts(self, call: Call) -> Response:
        """Records by object."""
        del call
        return success(self._tenant.counts())

    def mutate(self, call: Call) -> Response:
        """Change records: `{"object", "insert": [rows]}`, or `update`, `delete` or `touch`.

        `update` is a list of rows that hold their keys, `delete` a list of keys, `touch` a number.
        """
        try:
            return success(self._mutate(_payload(call)))
        except (ValueError, ObjectNotFoundError, KeyError, TypeError) as error:
            raise ApiError("SANDBOX", f"not understood: {error}") from error

    def _mutate(self, payload: Any) -> dict[str, object]:
        name = payload["object"]
        done: dict[str, object] = {}
        if "insert" in payload:
            done["inserted"] = self._tenant.insert(name, *payload["insert"])
        if "update" in payload:
            done["updated"] = sum(self._update(name, row) for row in payload["update"])
        if "delete" in payload:
            done["deleted"] = self._tenant.delete(name, payload["delete"])
        if "touch" in payload:
            done["touched"] = self._tenant.touch(name, int(payload["touch"]))
        return done

    def _update(self, name: str, row: dict[str, object]) -> int:
        key = str(self._tenant.schema(name).key)
        changes = {field: value for field, value in row.items() if field != key}
        return self._tenant.update(name, str(row[key]), changes)

    def list_faults(self, call: Call) -> Response:
        """The faults that may still strike."""
        del call
        return success([asdict(fault) for fault in self._faults.pending()])

    def add_faults(self, call: Call) -> Response:
        """Add a fault, or a list of them."""
        payload = _payload(call)
        try:
            faults = [build_fault(f) for f in (payload if isinstance(payload, list) else [payload])]
        except (ValueError, AttributeError) as error:
            raise ApiError("SANDBOX", f"not understood: {error}") from error
        self._faults.add(*faults)
        return success(len(faults))

    def clear_faults(self, call: Call) -> Response:
        """Remove all faults."""
        del call
        self._faults.clear()
        return success(None)

    def show_journal(self, call: Call) -> Response:
        """What was written by calls and by import jobs; with `object`, only to that object."""
        wanted = call.query.get("object")
        journal = self._journal
        return success(
            {
                "calls": [each for each in list(journal.calls) if wanted in {None, each.object}],
                "imports": [
                    each for each in list(journal.imports) if wanted in {None, each.object}
                ],
                "importsByName": journal.imports_by_name(),
                "importsByContent": journal.imports_by_content(),
            }
        )

    def clear_journal(self, call: Call) -> Response:
        """Forget what was written."""
        del call
        self._journal.clear()
        return success(None)


def _payload(call: Call) -> Any:
    try:
        return parse_json(call.body)
    except BadQueryError as error:
        raise ApiError("SANDBOX", error.detail) from error

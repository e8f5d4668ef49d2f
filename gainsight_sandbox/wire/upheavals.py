"""What happens to a tenant between two calls, when a test asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.clock import turn
from gainsight_sandbox.behaviour.faults import Effect, Fault
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.limits import Meter
    from gainsight_sandbox.tenant.tenant import Tenant
    from gainsight_sandbox.wire.auth import Gate


@dataclass(frozen=True, slots=True)
class Upheavals:
    """Changes what a call finds: the tenant's objects, clock, limits and credentials."""

    tenant: Tenant
    gate: Gate
    meter: Meter
    clock: Clock

    def happen(self, fault: Fault, object_name: str | None) -> None:
        """Let it happen, if the fault is of this kind."""
        match fault.effect:
            case Effect.FIELD_DELETED:
                self.tenant.delete_field(str(object_name), str(fault.field))
            case Effect.FIELD_ADDED:
                self.tenant.add_field(str(object_name), str(fault.field))
            case Effect.OBJECT_DELETED:
                self.tenant.delete_object(fault.target or str(object_name))
            case Effect.OBJECT_ADDED:
                self.tenant.add_object(_new_object(str(fault.target)))
            case Effect.CLOCK_TURNED:
                turn(self.clock, fault.seconds)
            case Effect.WINDOWS_SHIFTED:
                self.meter.shift(fault.seconds)
            case Effect.KEY_REVOKED:
                self.gate.revoked = True
            case Effect.TOKENS_REVOKED:
                self.gate.revoke_tokens()


def _new_object(name: str) -> ObjectSchema:
    key = Field("Gsid", DataType.GSID, read_only=True)
    modified = Field("ModifiedDate", DataType.DATETIME, read_only=True)
    return ObjectSchema(name, (key, Field("Name"), modified))

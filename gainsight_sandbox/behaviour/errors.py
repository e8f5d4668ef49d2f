"""The refusals that Gainsight's articles document, as exceptions that carry their reply."""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.faults import Fault


class ApiError(Exception):
    """A reply with `result: false`."""

    def __init__(
        self,
        code: str | None,
        desc: str | None,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        message: str | None = None,
        headers: dict[str, str] | None = None,
        data: object = None,
    ) -> None:
        super().__init__(code, desc)
        self.code = code
        self.desc = desc
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.data = data


class ObjectNotFoundError(Exception):
    """No object has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no object named {name!r}")
        self.name = name


class Flaw(Enum):
    """What is wrong with a read request."""

    NO_SELECT = auto()
    COLUMN = auto()
    DATE = auto()
    DATETIME = auto()
    OTHER = auto()


class BadQueryError(ValueError):
    """A read request that cannot be answered; each API has its own code for it."""

    def __init__(self, flaw: Flaw, detail: str) -> None:
        super().__init__(detail)
        self.flaw = flaw
        self.detail = detail


def bad_query(detail: str) -> BadQueryError:
    """A read request that is wrong whatever object it is about."""
    return BadQueryError(Flaw.OTHER, detail)


def no_entity(*, status: int = HTTPStatus.BAD_REQUEST) -> ApiError:
    """GSOBJ_1011, as printed in the Relationship APIs article."""
    return ApiError(
        "GSOBJ_1011",
        "No entity matches the given criteria, please re-check your request.",
        status=status,
        message="Failed to find record for given criteria.",
    )


def job_gone(fault: Fault | None) -> ApiError:
    """How a forgotten job is told of: as no entity, or as the fault that made it forgotten says."""
    if fault is None or fault.code is None:
        status = fault.status if fault and fault.status else HTTPStatus.NOT_FOUND
        return no_entity(status=status)
    return ApiError(
        fault.code, "The job is not available.", status=fault.status or HTTPStatus.BAD_REQUEST
    )


def export_refusal(error: BadQueryError) -> ApiError:
    """What the Gainsight Bulk REST APIs article prints for a malformed export."""
    if error.flaw is Flaw.NO_SELECT:
        return ApiError(
            "GSOBJ_ESS_9104", "Atleast one select field should be included in the payload."
        )
    return ApiError("GSOBJ_ESS_9150", "Malformed Query Exception.")


_QUERY_CODES = {Flaw.COLUMN: "P_5005", Flaw.DATE: "GSOBJ_1006", Flaw.DATETIME: "GSOBJ_1005"}


def query_refusal(error: BadQueryError) -> ApiError:
    """The Query API's refusal: P_5005 for an unknown column, else the nearest data error."""
    return ApiError(_QUERY_CODES.get(error.flaw, "GSOBJ_1008"), error.detail)

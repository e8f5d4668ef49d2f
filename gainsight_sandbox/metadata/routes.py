"""The metadata calls of the Data Management APIs: list objects, describe them, dropdown lists."""

from __future__ import annotations

import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import ApiError, BadQueryError, no_entity
from gainsight_sandbox.metadata.describe import (
    Wish,
    describe_category,
    describe_object,
    describe_with_fields,
    label,
)
from gainsight_sandbox.wire.calls import Call, Endpoint, parse_json
from gainsight_sandbox.wire.envelope import json_response, success

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.tenant import Tenant

_ROOT = "/v1/meta/services"
_OF_NO_COMPANY = {"person", "company_person", "gsuser", "activity_timeline", "call_to_action"}
"""Objects that the sample of the list by parent does not have (article "Data Management APIs")."""


class MetadataRoutes:
    """Answers the metadata calls."""

    def __init__(self, tenant: Tenant, quirks: Quirks) -> None:
        self._tenant = tenant
        self._wish = Wish(rich_text_filterable=quirks.rich_text_filterable)

    def endpoints(self) -> list[Endpoint]:
        """The calls, some of which clients end with a slash."""
        routes = [
            ("GET", "/objects/list", self.list_objects),
            ("POST", "/objects", self.post_objects),
            ("POST", "/objects/", self.post_objects),
            ("POST", "/objects/describe", self.describe_many),
            ("GET", "/objects/{object}/describe", self.describe_one),
            ("GET", "/dropdowns/{category}", self.dropdown),
        ]
        return [
            Endpoint(method, _ROOT + path, CallKind.METADATA, handler)
            for method, path, handler in routes
        ]

    def list_objects(self, call: Call) -> Response:
        """All objects, without their fields; with `po`, only those that belong to companies."""
        schemas = self._tenant.schemas.values()
        by_parent = bool(call.query.get("po"))
        objects = [
            describe_object(schema)
            for schema in schemas
            if not (by_parent and schema.name in _OF_NO_COMPANY)
        ]
        return json_response({"requestId": str(uuid.uuid4()), "result": True, "data": objects})

    def post_objects(self, call: Call) -> Response:
        """All objects, as the older call lists them."""
        _json_object(call)
        objects = [
            describe_object(schema)
            | {"labelPlural": f"{schema.label or label(schema.name)}s", "description": None}
            for schema in self._tenant.schemas.values()
        ]
        return success(objects)

    def describe_one(self, call: Call) -> Response:
        """One object with its fields."""
        schema = self._tenant.schema(call.parameters["object"])
        wish = replace(self._wish, hide=call.query.get("ihc") == "true")
        return success([describe_with_fields(schema, self._tenant.schemas, wish)])

    def describe_many(self, call: Call) -> Response:
        """Several objects with their fields; one unknown name fails the call."""
        payload = _json_object(call)
        names = payload.get("objectNames")
        if not isinstance(names, list) or not names:
            raise ApiError("GSOBJ_1008", "objectNames is required.")
        schemas = [self._tenant.schema(str(name)) for name in names]
        wish = replace(
            self._wish,
            hide=payload.get("removeHidden") == "true",
            options=payload.get("populatePickListOptions") == "true",
        )
        return success(
            [describe_with_fields(schema, self._tenant.schemas, wish) for schema in schemas]
        )

    def dropdown(self, call: Call) -> Response:
        """The items of a dropdown list."""
        category = call.parameters["category"]
        found = describe_category(category, self._tenant.schemas.values())
        if found is None:
            raise no_entity(status=HTTPStatus.NOT_FOUND)
        return success(found)


def _json_object(call: Call) -> dict[str, object]:
    try:
        payload = parse_json(call.body)
    except BadQueryError as error:
        raise ApiError("GSOBJ_1008", error.detail) from error
    if not isinstance(payload, dict):
        raise ApiError("GSOBJ_1008", "The body is not a JSON object.")
    return payload

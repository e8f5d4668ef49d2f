"""The objects that have an API of their own: their routes, and what loads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gainsight_api.objects.query import Query
from gainsight_api.own_apis.cockpit import Cockpit
from gainsight_api.own_apis.people import People
from gainsight_api.own_apis.timeline import Timeline
from gainsight_api.quota import Budget
from target_gainsight.loading.route import Operation
from target_gainsight.own_apis.cockpit import CtaLoader
from target_gainsight.own_apis.cta_fields import (
    OWNER_COLUMNS,
    OWNER_LOOKUPS,
    CtaNames,
)
from target_gainsight.own_apis.people import (
    PersonLoader,
)
from target_gainsight.own_apis.timeline import TimelineLoader
from target_gainsight.own_apis.timeline_fields import (
    AUTHOR_LOOKUPS,
    ActivityFields,
)
from target_gainsight.rest.verdicts import Verdicts
from target_gainsight.search.existing import Existing
from target_gainsight.search.lookups import Resolver
from target_gainsight.search.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gainsight_api.calls.session import Session
    from target_gainsight.loading.descriptions import Descriptions
    from target_gainsight.loading.loaders import RestWriter
    from target_gainsight.loading.route import Lookup, Route
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rest.multiselects import Multiselects

_PERSON = "person"
_CTA = "call_to_action"
_TIMELINE = "activity_timeline"


def merges(route: Route) -> bool:
    """Whether records of one key are merged; not those of a person, each with links of its own."""
    return route.operation is not Operation.INSERT and route.object.name.lower() != _PERSON


def budget_of(route: Route) -> Budget:
    """What pays for the writes of a stream that go by calls."""
    return Budget.TIMELINE if route.object.name.lower() == _TIMELINE else Budget.SYNC


@dataclass(frozen=True, slots=True)
class OwnApis:
    """What loaders of such objects need.

    Attributes:
        session: The calls.
        multiselects: How the tenant takes multi-selects.
        descriptions: The tenant's objects and picklists.
        rest_batch_size: The setting: rows of a call, at most.
    """

    session: Session
    multiselects: Multiselects
    descriptions: Descriptions
    rest_batch_size: int

    def loader(self, route: Route, history: WriteHistory) -> RestWriter | None:
        """The loader of an object; None for one that the record calls write.

        Args:
            route: Where the rows go.
            history: What has become of writes to the object.
        """
        verdicts = Verdicts(route, history)
        match route.object.name.lower():
            case "person":
                return PersonLoader(route, People(self.session), verdicts, self.multiselects)
            case "call_to_action":
                return self._cta_loader(verdicts)
            case "activity_timeline":
                return self._timeline_loader(verdicts)
        return None

    def _cta_loader(self, verdicts: Verdicts) -> CtaLoader:
        route, query = verdicts.route, Query(self.session)
        cockpit = Cockpit(self.session)
        return CtaLoader(
            session=self.session,
            cockpit=cockpit,
            existing=Existing(query, Matcher(route.object), route.keys),
            names=CtaNames(route, self.descriptions.dropdown, cockpit),
            owners=self._resolver(route, OWNER_LOOKUPS, OWNER_COLUMNS),
            verdicts=verdicts,
            multiselects=self.multiselects,
            rest_batch_size=self.rest_batch_size,
        )

    def _timeline_loader(self, verdicts: Verdicts) -> TimelineLoader:
        route = verdicts.route
        return TimelineLoader(
            timeline=Timeline(self.session),
            query=Query(self.session),
            clock=self.session.clock,
            fields=ActivityFields(route, self.descriptions.dropdown),
            authors=self._resolver(route, AUTHOR_LOOKUPS),
            verdicts=verdicts,
            multiselects=self.multiselects,
        )

    def _resolver(
        self, route: Route, lookups: Sequence[Lookup], no_fields: Collection[str] = ()
    ) -> Resolver:
        find_object = partial(self.descriptions.object_for, route.stream)
        return Resolver(lookups, find_object, Query(self.session), no_fields)

"""The checks of a connector, in order; each goes on where the one before it allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.connect import connect
from gainsight_command.check.connection import check_host, check_store, patient_settings
from gainsight_command.check.report import CheckReport
from gainsight_command.check.tap import check_tap
from gainsight_command.check.target import check_target

if TYPE_CHECKING:
    from gainsight_api.clock import Clock
    from tap_gainsight.tap import TapGainsight
    from target_gainsight.target import TargetGainsight


def check_of_tap(tap: TapGainsight, clock: Clock) -> CheckReport:
    """Check the tap's settings against its tenant."""
    report = CheckReport(tap.name)
    settings = check_store(patient_settings(tap.settings), report, clock)
    if settings is not None:
        session = connect(settings, clock=clock)
        listed = check_host(session, report)
        if listed is not None:
            check_tap(settings, session, listed, report)
    return report


def check_of_target(target: TargetGainsight, clock: Clock) -> CheckReport:
    """Check the target's settings against its tenant."""
    report = CheckReport(target.name)
    settings = check_store(patient_settings(target.settings), report, clock)
    if settings is not None:
        session = connect(settings, clock=clock)
        listed = check_host(session, report)
        if listed is not None:
            check_target(settings, session, listed, report)
    return report

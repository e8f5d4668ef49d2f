"""Every tenant's objects into PostgreSQL: one Meltano run for each tenant and group of objects.

The tenants are a Variable, so that a new one needs no change here; each has a Connection
`gainsight_<tenant>`: the host, and the access key as its password.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Variable, dag, task

GROUPS = {
    "customers": ["company", "relationship", "relationship_type"],
    "people": ["gsuser", "person", "company_person"],
    "work": ["call_to_action", "activity_timeline", "account_scorecard_history"],
    "signals": ["nps_survey_response", "awkward__gc", "deleted_records"],
}
"""Streams by the run that reads them. Objects of one group are read one after the other."""

LOG = "deleted_records"
"""A stream that is no object: every run of the tap has it, and one group selects it."""

CONNECTION = "conn.get('gainsight_' ~ params.tenant)"


@dag(
    schedule="10 * * * *",  # bulk calls are counted by the hour of the clock: not at its turn
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
)
def gainsight() -> None:
    """All tenants, all groups."""

    @task
    def parts() -> list[dict[str, Any]]:
        return [
            {
                "tenant": tenant,
                "group": group,
                "streams": streams,
                "objects": [name for name in streams if name != LOG],
            }
            for group, streams in GROUPS.items()
            for tenant in Variable.get("gainsight_tenants", deserialize_json=True)
        ]

    # `meltano el` and not `run`: several of a project's runs at once would share their catalog and
    # state files, which with `el` lie in a folder of each run.
    BashOperator.partial(
        task_id="sync",
        map_index_template="{{ params.tenant }}: {{ params.group }}",
        cwd=str(Path(__file__).resolve().parents[1]),
        append_env=True,
        env={
            "TAP_GAINSIGHT_DOMAIN": f"{{{{ {CONNECTION}.host }}}}",
            "TAP_GAINSIGHT_ACCESS_KEY": f"{{{{ {CONNECTION}.password }}}}",
            "TAP_GAINSIGHT_OBJECTS": "{{ params.objects | tojson }}",
            "TAP_GAINSIGHT__SELECT_FILTER": "{{ params.streams | tojson }}",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "{{ params.tenant }}",
        },
        bash_command=(
            "exec meltano el tap-gainsight target-postgres"
            " --state-id=gainsight-{{ params.tenant }}-{{ params.group }}"
        ),
    ).expand(params=parts())


gainsight()

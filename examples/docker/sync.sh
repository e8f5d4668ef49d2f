#!/usr/bin/env bash
# The tap's records to CSV files, going on from the last run's state.
set -uo pipefail
cd "${DATA:-/data}" || exit 1
mkdir -p output
echo '{"output_path": "output", "file_naming_scheme": "{stream_name}-{timestamp}.csv"}' > csv.json
state=()
[[ -s state.json ]] && state=(--state state.json)
# A shell waits for a pipe before it minds a signal, so the pipe runs beside it; 0 is all that it started.
trap 'trap "" TERM; kill -TERM 0' TERM INT
tap-gainsight --config=ENV "${state[@]}" | target-csv --config csv.json > states.jsonl &
wait %1
status=$?
wait
[[ -s states.jsonl ]] && tail -n 1 states.jsonl > state.new && mv state.new state.json
exit "$status"

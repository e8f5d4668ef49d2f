"""Select streams of a catalog: TAP --discover | python select_streams.py STREAM… > catalog.json."""

import json
import sys

catalog = json.load(sys.stdin)
for stream in catalog["streams"]:
    for entry in stream["metadata"]:
        if not entry["breadcrumb"]:
            entry["metadata"]["selected"] = stream["tap_stream_id"] in sys.argv[1:]
json.dump(catalog, sys.stdout)

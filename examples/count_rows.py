"""Print how many rows tables have: python count_rows.py POSTGRES_CONFIG TABLE…."""

import json
import sys
from pathlib import Path

import sqlalchemy

config, *tables = sys.argv[1:]
engine = sqlalchemy.create_engine(json.loads(Path(config).read_text())["sqlalchemy_url"])
with engine.connect() as connection:
    for table in tables:
        (rows,) = connection.execute(sqlalchemy.text(f"SELECT count(*) FROM {table}")).one()  # noqa: S608
        sys.stdout.write(f"{table}: {rows} rows\n")

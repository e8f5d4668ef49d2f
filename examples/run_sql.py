"""Run a file of SQL: python run_sql.py POSTGRES_CONFIG FILE."""

import json
import sys
from pathlib import Path

import sqlalchemy

config, file = sys.argv[1:]
engine = sqlalchemy.create_engine(json.loads(Path(config).read_text())["sqlalchemy_url"])
with engine.begin() as connection:
    connection.execute(sqlalchemy.text(Path(file).read_text()))

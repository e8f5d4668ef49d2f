"""What is compared with what; a program's name is that of `benchmarks.measured.programs`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A program of ours beside another way to do the same, and how many times as fast it must be.

    Attributes:
        title: What they do.
        ours: Our program.
        theirs: The other one.
        goal: The least ratio.
        aim: The ratio that is aimed at, where it is another one.
    """

    title: str
    ours: str
    theirs: str
    goal: float
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One program.

    Attributes:
        title: What it does.
        program: Its name.
        ours: The program of ours that it is held against, if any.
    """

    title: str
    program: str
    ours: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A program of ours, and how many rows a second of one core it must write.

    Attributes:
        title: What it does.
        program: Its name.
        goal: The least rate, if one is asked for.
        aim: The rate that is aimed at.
    """

    title: str
    program: str
    goal: float | None = None
    aim: float | None = None


PAIRS = (
    Pair(
        "tap: export job over HTTP to Singer lines, against the SDK as it comes",
        "http",
        "sdk-http",
        10,
        14,
    ),
    Pair(
        "tap: chunk CSV to Singer lines, without a network, against the SDK as it comes",
        "tap",
        "sdk",
        12,
        15,
    ),
    Pair("tap: the same, against csv, types and orjson without SDK", "tap", "none", 0.9),
    Pair("tap: with a stream map, against the SDK with the same map", "tap:map", "sdk:map", 3),
    Pair("tap: with a stream map, against the SDK without", "tap:map", "sdk", 3),
    Pair("tap: with flattening, against the SDK with flattening", "tap:flatten", "sdk:flatten", 3),
    Pair("tap: with flattening, against the SDK without", "tap:flatten", "sdk", 3),
    Pair("tap: query, against the SDK's RESTStream", "query", "rest", 3),
    Pair(
        "target: Singer lines to import CSV, against an SDK BatchSink",
        "target:bulk",
        "sdk-target:csv",
        10,
        13,
    ),
    Pair(
        "target: Singer lines to REST payloads of 50, against an SDK BatchSink",
        "target:rest",
        "sdk-target:rest",
        8,
    ),
)

PEERS = (
    Case(
        "peers: tap-csv's way to read: csv.DictReader, all text, through the SDK", "tap-csv", "tap"
    ),
    Case("peers: dlt, a resource of csv.DictReader's rows into jsonl files", "dlt", "tap"),
    Case("peers: meltanolabs-target-csv", "target-csv", "target:bulk"),
)
LEFT_OUT = "tap-csv itself is not on the package index, so its way to read stands in for it."

BATCHES = (
    Rate("batch: BATCH files, jsonl.gz", "batch:jsonl.gz", 40_000, 60_000),
    Rate("batch: BATCH files, jsonl", "batch:jsonl"),
    Rate("batch: BATCH files, parquet", "batch:parquet", 120_000, 180_000),
    Rate("batch: BATCH files, parquet packed by gzip", "batch:parquet.gz"),
)

PIPES = (
    Case("end to end: RECORD, target-postgres", "pipe:http+target-postgres"),
    Case("end to end: BATCH, target-postgres", "pipe:http:jsonl.gz+target-postgres"),
    Case("end to end: the SDK's tap, target-postgres", "pipe:sdk-http+target-postgres"),
    Case("end to end: RECORD, target-csv", "pipe:http+target-csv"),
    Case("end to end: BATCH, target-csv", "pipe:http:jsonl.gz+target-csv"),
    Case("end to end: the SDK's tap, target-csv", "pipe:sdk-http+target-csv"),
    Case("end to end: RECORD, target-jsonl", "pipe:http+target-jsonl"),
    Case("end to end: the SDK's tap, target-jsonl", "pipe:sdk-http+target-jsonl"),
)
"""A tap over HTTP, a plus, and the loader that reads what it writes."""
PIPE_ROWS = 20_000
BATCH_PAIR = Pair(
    "tap and target-postgres, BATCH against RECORD, both processes",
    "pipe:http:jsonl.gz+target-postgres",
    "pipe:http+target-postgres",
    2.5,
    3,
)

MANY = tuple(Case(f"many streams: {count}", f"many:{count}", "many:1") for count in (1, 40, 500))
MANY_ROWS = 40_000
MANY_GOAL, MANY_AIM, MANY_PEAK = 2.0, 1.3, 200.0

MEMORY = (
    Case("memory: RECORD messages", "tap"),
    Case("memory: BATCH files, jsonl.gz", "batch:jsonl.gz"),
    Case("memory: BATCH files, parquet packed by gzip", "batch:parquet.gz"),
)
MEMORY_PEAK, MEMORY_EQUAL = 100.0, 1.1

CALLS = Case("calls: what a sync of the sandbox's demo tenant takes", "calls")

GROWTH = (
    Case("growth: tap", "tap"),
    Case("growth: target, by import CSV", "target:bulk"),
    Case("growth: tap, the SDK as it comes", "sdk"),
    Case("growth: target, the SDK as it comes", "sdk-target:csv"),
)

STARTS = (
    Case("start: `tap-gainsight --version`", "start:tap_gainsight --version"),
    Case("start: `target-gainsight --version`", "start:target_gainsight --version"),
    Case("start: a bare SDK tap's `--version`", "start:benchmarks.measured.bare --version"),
    Case("start: `tap-gainsight --about`", "start:tap_gainsight --about"),
    Case("start: `target-gainsight --about`", "start:target_gainsight --about"),
    Case("start: a bare SDK tap's `--about`", "start:benchmarks.measured.bare --about"),
    Case("start: a sync that finds nothing new, by export job", "tap"),
    Case("start: a sync that finds nothing new, by query", "query"),
    Case("start: a target that gets no records", "target:bulk"),
    Case("start: the SDK's tap on no rows", "sdk"),
    Case("start: the SDK's target on no rows", "sdk-target:csv"),
)

WAITS = (
    Case("waits: 5 chunks, one fetched after the other", "download:in-turn"),
    Case("waits: 5 chunks, fetched ahead", "download:ahead"),
    Case("waits: 8 streams, `max_concurrent_jobs` 1", "streams:1"),
    Case("waits: 8 streams, `max_concurrent_jobs` as it comes", "streams:"),
)
CHUNKS = 5
STREAMS = (
    "account_scorecard_history",
    "activity_timeline",
    "call_to_action",
    "company",
    "company_person",
    "email_logs",
    "nps_survey_response",
    "relationship",
)
STREAM_ROWS = 1_000
JOB_SECONDS = 10


def is_fast(program: str) -> bool:
    """Whether it is measured on the larger number of rows.

    Queries are not: a million rows of distinct pages would take longer to make than to read.
    """
    return program.partition(":")[0] in {"tap", "http", "batch", "target", "none"}


def is_sized(program: str) -> bool:
    """Whether it takes rows at all, by its name."""
    return program.partition(":")[0] not in {"start", "download", "streams"}

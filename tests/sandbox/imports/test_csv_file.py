from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gainsight_sandbox import Sandbox
from tests.sandbox.client import UNLIMITED, Client, clock
from tests.sandbox.writing import ORDER, Writer, as_csv, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.sandbox.writing import shop

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
AWKWARD = [
    'She said "hello", twice',
    "one\r\ntwo",
    "one\ntwo",
    "one\rtwo",
    "ends with a break\n",
    " blanks ",
    "null",
    "NA",
    "007",
    "1e5",
    "\ufeffa BOM",
    "🚀",
    ",",
    '"',
]


@pytest.fixture(scope="module")
def tenant() -> Iterator[tuple[Sandbox, Writer]]:
    with (
        Sandbox(clock=clock(), demo=False, limits=UNLIMITED, objects=[ORDER]) as sandbox,
        Client(sandbox) as client,
    ):
        yield sandbox, Writer(client)


def emptied(sandbox: Sandbox) -> None:
    gsids = [str(gsid) for (gsid,) in stored(sandbox, "Gsid")]
    sandbox.tenant.delete("order__gc", gsids)


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_awkward_texts_survive_in_every_dialect(
    tenant: tuple[Sandbox, Writer], quoting: Literal[0, 1], line_end: str, bom: str
) -> None:
    sandbox, writer = tenant
    text = io.StringIO()
    rows = csv.writer(text, quoting=quoting, lineterminator="\r\n")
    rows.writerow(["Name", "Long__gc"])
    rows.writerows([str(number), value] for number, value in enumerate(AWKWARD))
    ended = text.getvalue() if line_end == "\r\n" else text.getvalue().replace("\r\n", "\n")
    expected = [value if line_end == "\r\n" else value.replace("\r\n", "\n") for value in AWKWARD]
    job, errors = writer.load(bom + ended)
    assert (job["successCount"], errors) == (len(AWKWARD), [])
    assert stored(sandbox, "Long__gc") == [(value,) for value in expected]
    emptied(sandbox)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_survives(tenant: tuple[Sandbox, Writer], texts: list[str]) -> None:
    sandbox, writer = tenant
    job, _ = writer.load(as_csv(["Name", "Long__gc"], *(["a", text] for text in texts)))
    assert job["successCount"] == len(texts)
    assert stored(sandbox, "Long__gc") == [(text or None,) for text in texts]
    emptied(sandbox)


@settings(max_examples=30, deadline=None)
@given(content=st.binary(min_size=1, max_size=60) | TEXTS.filter(bool).map(str.encode))
def test_any_bytes_are_imported_or_refused_but_break_nothing(
    tenant: tuple[Sandbox, Writer], content: bytes
) -> None:
    sandbox, writer = tenant
    for body in (content, b"Name\n" + content):
        job, errors = writer.load(body)
        assert job["status"] in {"COMPLETED", "FAILED"}
        assert job["successCount"] + job["failureCount"] == job["processedRecords"]
        assert (job["failureCount"] > 0 or job["status"] == "FAILED") == bool(errors)
    emptied(sandbox)


def test_lines_without_anything_are_no_rows(tenant: tuple[Sandbox, Writer]) -> None:
    sandbox, writer = tenant
    job, _ = writer.load("Name\n\na\n\n\nb\n\n")
    assert (job["totalRecords"], job["successCount"]) == (2, 2)
    emptied(sandbox)


def test_a_file_of_a_header_alone_imports_nothing(tenant: tuple[Sandbox, Writer]) -> None:
    _, writer = tenant
    job, errors = writer.load("Name")
    assert (job["status"], job["totalRecords"], errors) == ("COMPLETED", 0, [])


def test_a_cell_may_be_long(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    text = '"x"\r\n' * 40_000
    job, _ = writer.load(as_csv(["Name", "Long__gc"], ["a", text]))
    assert job["successCount"] == 1
    assert stored(sandbox, "Long__gc") == [(text,)]

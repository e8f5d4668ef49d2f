from __future__ import annotations

import ast
import inspect
import itertools
from dataclasses import fields

from gainsight_sandbox.behaviour import quirks
from gainsight_sandbox.behaviour.quirks import Quirks


def test_every_quirk_says_what_it_means_and_which_document_leaves_it_open() -> None:
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(quirks)).body
        if isinstance(node, ast.ClassDef)
    ]
    documented = {
        field.target.id: doc.value.value
        for field, doc in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
    }
    assert documented.keys() == {field.name for field in fields(Quirks)}
    without_source = [name for name, doc in documented.items() if not str(doc).endswith("]")]
    assert not without_source

"""What a check has found, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_command.screen import add_row, table

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        ok: Whether it is well.
        found: What was found.
        todo: What to do; empty if there is nothing to do.
    """

    check: str
    ok: bool
    found: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the credential may do with an object, as the metadata state it.

    Attributes:
        object: The object's name.
        readable: Whether it can be read; None if the metadata do not say.
        createable: Whether records can be added; None if the metadata do not say.
        fields: How many fields it has; None if it was not described.
        createable_fields: How many of them an insert may set.
        updateable_fields: How many of them an update may set.
    """

    object: str
    readable: bool | None
    createable: bool | None
    fields: int | None = None
    createable_fields: int | None = None
    updateable_fields: int | None = None


@dataclass(slots=True)
class CheckReport:
    """All that was found.

    Attributes:
        connector: Whose settings were checked.
        findings: What was looked at, in order.
        rights: The rights on each object that the settings choose.
    """

    connector: str
    findings: list[Finding] = field(default_factory=list)
    rights: list[Rights] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return all(finding.ok for finding in self.findings)

    def well(self, check: str, found: str, todo: str = "") -> None:
        """Something is well."""
        self.findings.append(Finding(check, ok=True, found=found, todo=todo))

    def wrong(self, check: str, found: str, todo: str = "") -> None:
        """Something is not."""
        self.findings.append(Finding(check, ok=False, found=found, todo=todo))

    def as_json(self) -> dict[str, Any]:
        """The report for a program."""
        return {
            "connector": self.connector,
            "ok": self.ok,
            "checks": [asdict(finding) for finding in self.findings],
            "objects": [asdict(rights) for rights in self.rights],
        }

    def print(self, out: Console) -> None:
        """Print the report for people."""
        made = table("check", "", "found", "what to do")
        for finding in self.findings:
            word, style = ("ok", "green") if finding.ok else ("WRONG", "bold red")
            add_row(made, finding.check, word, finding.found, finding.todo, style=style)
        out.print(made)
        if self.rights:
            self._print_rights(out)
        wrong = sum(not finding.ok for finding in self.findings)
        out.print(f"{wrong} of {len(self.findings)} checks are wrong." if wrong else "All is well.")

    def _print_rights(self, out: Console) -> None:
        described = any(rights.fields is not None for rights in self.rights)
        fields = ("fields", "to insert", "to update") if described else ()
        made = table("object", "read", "add", *fields, right=fields)
        for rights in self.rights:
            counts = (rights.fields, rights.createable_fields, rights.updateable_fields)
            shown = ["" if count is None else str(count) for count in counts] if described else []
            add_row(made, rights.object, _word(rights.readable), _word(rights.createable), *shown)
        out.print(made)


def _word(right: bool | None) -> str:  # noqa: FBT001 - it is the value that is shown
    return "not said" if right is None else "yes" if right else "no"

"""Names and globs, as arguments and settings have them."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_glob(name: str) -> bool:
    """Whether a name is a glob."""
    return any(sign in name for sign in "*?[")


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name is one of some names, or matches one of some globs; any does if none is."""
    wanted = list(globs)
    return not wanted or any(name == each or fnmatchcase(name, each) for each in wanted)


def spelling(name: str, known: Iterable[str]) -> str:
    """What to do about an object's name that the tenant does not have."""
    by_case = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_case, n=1)
    return (
        f"write {by_case[near[0]]}, if that is meant"
        if near
        else "names are as the API has them, such as company or my_object__gc"
    )

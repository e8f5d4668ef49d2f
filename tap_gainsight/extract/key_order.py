"""Whether keys come in the order that was asked for, as far as that can be told from outside."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class KeyOrder:
    """The orders in which a tenant may sort its keys, as long as they explain what has come.

    How a tenant compares texts is documented nowhere: by their characters, without regard to case,
    or as numbers where they are numbers.
    """

    def __init__(self) -> None:
        self._orders: list[Callable[[str], Any]] = [str, str.casefold, _number]
        self._last: str | None = None

    def begin(self, after: str | None) -> None:
        """Begin a run of keys behind one that has been read."""
        self._last = after

    def explains(self, keys: Sequence[str]) -> bool:
        """Whether the keys follow the last one, and each other, in one of the orders."""
        run = keys if self._last is None else [self._last, *keys]
        self._orders = [order for order in self._orders if _is_sorted(run, order)]
        if keys:
            self._last = keys[-1]
        return bool(self._orders)


def _is_sorted(keys: Sequence[str], order: Callable[[str], Any]) -> bool:
    try:
        ranks = list(keys) if order is str else [order(key) for key in keys]
    except InvalidOperation:
        return False
    return sorted(ranks) == ranks


def _number(key: str) -> Decimal:
    return Decimal(key)

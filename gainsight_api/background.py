"""Work in threads that never hold the process: a run that is stopped does not wait for them."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


def in_background(name: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Begin some work in a thread of its own.

    Args:
        name: The thread's name.
        work: What is called.
        *args: Its arguments.
        **kwargs: Its arguments by name.

    Returns:
        Its result, or its exception, once it is there.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work(*args, **kwargs)
        except BaseException as exc:  # noqa: BLE001 - raised again where the result is wanted
            future.set_exception(exc)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future

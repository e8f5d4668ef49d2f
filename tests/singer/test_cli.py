from __future__ import annotations

import logging
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_singer.cli import OneLineErrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = """
import logging, sys
import click
from gainsight_singer.cli import OneLineErrors
from gainsight_api.errors import ConfigError

logging.basicConfig(format="%(levelname)s %(message)s")

@click.command(cls=OneLineErrors)
def command():
    {body}

command.logger = logging.getLogger("command")
command()
"""


def command(work: Callable[[], object]) -> OneLineErrors:
    def callback(**_: object) -> None:
        work()

    command = OneLineErrors("command", callback=callback)
    command.logger = logging.getLogger("the-command")
    return command


def run(work: Callable[[], object], caplog: pytest.LogCaptureFixture) -> tuple[object, list[str]]:
    """The command's exit status, and what it logged."""
    with pytest.raises(SystemExit) as caught:
        command(work).main([])
    return caught.value.code, [record.getMessage() for record in caplog.records]


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def handler() -> Iterator[None]:
    """Python's own handler, again after a command has put in its own."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize("where", ["its options", "its work"])
def test_an_interrupt_before_the_run_hears_signals_is_one_line_and_its_status(
    capfd: pytest.CaptureFixture[str], where: str
) -> None:
    early = click.Option(["--early"], callback=interrupt if where == "its options" else None)
    interrupted = command(interrupt)
    interrupted.params.append(early)
    with pytest.raises(SystemExit) as caught:
        interrupted.main([])
    assert (caught.value.code, capfd.readouterr().err) == (130, "Stopped by a signal\n")


@pytest.mark.parametrize("package", ["tap_gainsight", "target_gainsight", "gainsight_command"])
def test_an_interrupt_while_a_command_is_imported_is_one_line_and_its_status(package: str) -> None:
    program = f"""
import signal, sys, weakref

class Module:
    pass

class Interrupting:
    def find_spec(self, name, *_):
        if name == "singer_sdk":  # as `importlib` does, where exceptions are lost
            gone = weakref.ref(Module(), lambda _: signal.raise_signal(signal.SIGINT))

sys.meta_path.insert(0, Interrupting())
from {package}.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "Stopped by a signal\n")


@pytest.mark.parametrize(
    "error", [ConfigError("setting `domain` is missing"), GainsightError("no", code="A", status=5)]
)
def test_a_users_mistake_is_one_line_and_status_1(
    caplog: pytest.LogCaptureFixture, error: GainsightError
) -> None:
    assert run(raising(error), caplog) == (1, [str(error)])
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("the-command", "ERROR")
    assert record.exc_info is None
    assert record.args == (str(error),)


def test_a_line_is_not_taken_for_a_format(caplog: pytest.LogCaptureFixture) -> None:
    assert run(raising(ConfigError("100 %s %d")), caplog) == (1, ["100 %s %d"])


def test_a_subclass_has_more_user_errors(caplog: pytest.LogCaptureFixture) -> None:
    class Command(OneLineErrors):
        user_errors = (*OneLineErrors.user_errors, LookupError)

    command = Command("command", callback=raising(KeyError("its text")))
    command.logger = logging.getLogger("the-command")
    with pytest.raises(SystemExit) as caught:
        command.main([])
    assert caught.value.code == 1
    assert "its text" in caplog.text


def test_a_bug_has_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        command(raising(ZeroDivisionError())).main([])


def test_success_is_status_0(caplog: pytest.LogCaptureFixture) -> None:
    assert run(lambda: None, caplog) == (0, [])


def test_an_exit_status_of_the_commands_own_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    assert run(lambda: sys.exit(143), caplog) == (143, [])


def test_a_wrong_option_is_clicks_own_business(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command(lambda: None).main(["--no-such-option"])
    assert caught.value.code == 2
    assert "No such option" in capsys.readouterr().err


def test_options_are_still_parsed() -> None:
    @click.command(cls=OneLineErrors)
    @click.option("--name")
    def command(name: str) -> str:
        return name

    assert command.main(["--name", "x"], standalone_mode=False) == "x"


@pytest.mark.parametrize(
    "body",
    [
        "[print('x' * 1000, flush=True) for _ in range(10_000)]",
        "[sys.stdout.write('x' * 1000) for _ in range(10_000)]",
    ],
)
def test_a_reader_that_has_gone_is_one_line_and_status_1(body: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(20) == 1
    assert said == "ERROR The program that reads this one's output has gone\n"

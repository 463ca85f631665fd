"""The program `nas-tc`. Heavy libraries are loaded by the commands that need them."""

import os
import sys
import threading
from io import TextIOWrapper

import typer

from nas_tc import __version__
from nas_tc.cli.commands import Commands
from nas_tc.cli.signals import INTERRUPTED, interrupt_on_signals
from nas_tc.cli.supervision import supervise
from nas_tc.cli.usage import check_values, usage_message
from nas_tc.errors import NasTcError, reason

BAD_INPUT = 2

app = typer.Typer(
    name="nas-tc",
    cls=Commands,
    help="Finds the most accurate convolutional networks within a time budget.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _program(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"nas-tc {__version__}")
        raise typer.Exit


def main() -> None:
    """Runs the command line; what a user got wrong is one line on stderr and exit code 2."""
    _open_closed_streams()
    if _takes_long(sys.argv[1:]) and threading.active_count() == 1:
        sys.exit(supervise(_run))
    interrupt_on_signals()
    sys.exit(_run())


def _open_closed_streams() -> None:
    """Gives standard streams that the caller has closed (`>&-`) to /dev/null.

    Else the next file that is opened, such as the study, has the number of such a stream, and takes
    what Ray or a library prints there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _takes_long(arguments: list[str]) -> bool:
    """Whether a command trains with Ray, and goes on where it was when it is started again."""
    command = arguments[0] if arguments else ""
    return command in ("search", "experiment") or (command == "report" and "--reruns" in arguments)


def _run() -> int:
    """Runs the command line, and returns its exit code."""
    if isinstance(sys.stdout, TextIOWrapper):  # a file's name may be no text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        check_values(sys.argv[1:])
        code = app(prog_name="nas-tc", standalone_mode=False)
    except (NasTcError, typer.TyperException) as error:
        message = str(error) if isinstance(error, NasTcError) else usage_message(error)
        if message:  # a command without arguments has printed its help
            typer.echo(f"nas-tc: {' '.join(message.split())}", err=True)
        code = BAD_INPUT
    except (MemoryError, RuntimeError) as error:
        if not _ran_out(error):
            raise
        typer.echo(
            f"nas-tc: out of memory: {reason(error)}; take smaller images, a smaller batch or a "
            "smaller network",
            err=True,
        )
        code = BAD_INPUT
    except OSError as error:
        if "--install-completion" in sys.argv:
            what = "install the completion; --show-completion prints it"
        elif _lost_output():
            what = "write the output"
        else:
            raise
        typer.echo(f"nas-tc: cannot {what}: {reason(error)}", err=True)
        code = BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    return code if isinstance(code, int) else 0


def _ran_out(error: BaseException) -> bool:
    """Whether memory ran out; only torch says so by a `RuntimeError`."""
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules:
        return False
    from nas_tc.training.device_errors import ran_out  # noqa: PLC0415

    return ran_out(error)


def _lost_output() -> bool:
    """Whether standard output takes no more; if so, what is left of it is dropped."""
    if sys.stdout is None:
        return False
    try:
        sys.stdout.write("\n")  # nothing is left to flush where Python does not buffer
        sys.stdout.flush()
    except OSError:
        # Python flushes once more as it ends, and would complain in lines of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False

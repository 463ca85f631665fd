"""`nas-tc dashboard`: a study in optuna-dashboard, for this machine alone."""

from importlib.util import find_spec
from typing import Annotated

import typer

from nas_tc.cli import options
from nas_tc.errors import NasTcError

_HOST = "127.0.0.1"  # the dashboard has no password


def dashboard(
    study: options.Study,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8080,
) -> None:
    """Show a study in optuna-dashboard, in a browser on this machine. Ctrl-C ends it."""
    if find_spec("optuna_dashboard") is None:
        raise NasTcError(
            "optuna-dashboard is not installed; install it with: pip install 'nas-tc[dashboard]'"
        )
    from optuna_dashboard import run_server  # noqa: PLC0415

    from nas_tc.study.dashboard import dashboard_storage  # noqa: PLC0415

    storage = dashboard_storage(study)
    typer.echo(f"{study} as it is now: http://{_HOST}:{port}/ (Ctrl-C ends it)")
    try:
        run_server(storage, host=_HOST, port=port)
    except OSError as error:
        raise NasTcError(
            f"cannot listen on port {port}: {error.strerror}; choose another with --port"
        ) from None

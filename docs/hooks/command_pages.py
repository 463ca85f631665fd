"""The command reference: a page for each command, made from the program's own help."""

from collections.abc import Iterator

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from navigation import list_under  # of this folder

from nas_tc.cli.main import app

FOLDER = "reference/commands"
PROGRAM = typer.main.get_command(app)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lists the pages in the navigation, under the entry that names the first of them."""
    pages = [f"{FOLDER}/{name}.md" for name in sorted(PROGRAM.commands)]
    return list_under(config, f"{FOLDER}/index.md", pages)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    files.append(File.generated(config, f"{FOLDER}/index.md", content=_overview()))
    for name, command in PROGRAM.commands.items():
        text = "\n".join(_command_page(command, f"nas-tc {name}", "#"))
        files.append(File.generated(config, f"{FOLDER}/{name}.md", content=text))
    return files


def _overview() -> str:
    rows = (
        f"| [`nas-tc {name}`]({name}.md) | {_cell(command.help)} |"
        for name, command in PROGRAM.commands.items()
    )
    return "\n".join([
        "# Commands", "", PROGRAM.help, "",
        "`nas-tc --help` and `nas-tc COMMAND --help` print what is on these pages. A mistake in",
        "the input is one line on stderr, and the exit code is 2.", "",
        "| command | what it does |", "|---|---|", *rows, "",
    ])  # fmt: skip


def _command_page(command: object, name: str, mark: str) -> Iterator[str]:
    """The lines of a command's page; the commands of a group are sections of it."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield from (f"{mark} {name}", "", command.help or "", "", "```text", usage, "```", "")
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    if arguments:
        yield from ("| argument | meaning |", "|---|---|")
        yield from (f"| `{each.display_name_raw}` | {_cell(each.help)} |" for each in arguments)
        yield ""
    if options:
        yield from ("| option | meaning | default |", "|---|---|---|")
        yield from (_option_row(each, context) for each in options)
        yield ""
    for part in getattr(command, "commands", {}).values():
        yield from _command_page(part, f"{name} {part.name}", f"{mark}#")


def _option_row(option: object, context: object) -> str:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    kind = "" if option.is_flag else f" *{option.display_type(context).strip('<>')}*"
    return f"| {names}{kind} | {_cell(option.help)} | {_default(option)} |"


def _default(option: object) -> str:
    if isinstance(option.show_default, str):
        return _cell(option.show_default)
    if option.required:
        return "needed"
    if option.show_default is False or option.default is None or option.is_flag:
        return ""
    return f"`{option.default}`"


def _cell(text: str | None) -> str:
    """Text for a cell of a table."""
    line = " ".join((text or "").split())
    return line.replace("|", r"\|").replace("*", r"\*").replace("<", "&lt;")

"""The API reference: a page for each package with public names, filled by mkdocstrings."""

import ast
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from navigation import list_under  # of this folder

FOLDER = "reference/api"
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nas_tc"
LEFT_OUT = {"cli"}  # commands have pages of their own
PAGE = """---
search: {{boost: 0.5}}
---
# {name}

::: {name}
    options: {{show_root_heading: false, show_root_toc_entry: false}}
"""


def _packages() -> list[str]:
    """Names of the packages that say what is public."""
    found = (
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in PACKAGE.rglob("__init__.py")
        if "__all__" in path.read_text() and path.parent.name not in LEFT_OUT
    )
    return sorted(found)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lists the pages in the navigation, under the entry that names the first of them."""
    pages = [{name: f"{FOLDER}/{name}.md"} for name in _packages()]
    return list_under(config, f"{FOLDER}/index.md", pages)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    packages = _packages()
    rows = [f"| [`{name}`]({name}.md) | {_question(name)} |" for name in packages]
    overview = [
        "# API", "",
        "The names that each package exports. Other names may change without notice.", "",
        "| package | its question |", "|---|---|", *rows, "",
    ]  # fmt: skip
    files.append(File.generated(config, f"{FOLDER}/index.md", content="\n".join(overview)))
    for name in packages:
        text = PAGE.format(name=name)
        files.append(File.generated(config, f"{FOLDER}/{name}.md", content=text))
    return files


def _question(name: str) -> str:
    """First line of a package's docstring."""
    module = ast.parse((ROOT / Path(*name.split(".")) / "__init__.py").read_text())
    return (ast.get_docstring(module) or "").partition("\n")[0]

"""Files outside of docs/ that pages link to, as parts of the site.

On GitHub a page links to `../results/timing/README.md`. In the site that file is a page, too, and
so are the files that it links to. Programs, TOML files and notebooks are pages that show them.
"""

import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from notebook_page import notebook_page  # of this folder

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=(?:#[^)\s]*)?\))")
SHOWN = {
    ".py": "python",
    ".toml": "toml",
}  # suffixes of files whose text is shown, and its language
ALWAYS = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files that pages link to, and those that these link to."""
    waiting = [DOCS / file.src_uri for file in files.documentation_pages() if file.abs_src_path]
    waiting += [ROOT / name for name in ALWAYS]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if DOCS not in path.parents and path != ROOT / "README.md":
            files.append(_file(path, config))
        if path.suffix == ".md" and path.exists():
            waiting += _targets(path)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turns links between files of the repository into links between files of the site."""
    source = _source_of(page.file.src_uri)
    if not source.exists():  # a page that another hook writes
        return markdown
    base = Path(page.file.src_uri).parent

    def rewritten(link: re.Match[str]) -> str:
        target = _target(source, link[1])
        return link[1] if target is None else os.path.relpath(_place(target), base)

    return LINK.sub(rewritten, markdown)


def _targets(source: Path) -> list[Path]:
    """Files of the repository that a page links to."""
    found = (_target(source, link) for link in LINK.findall(source.read_text()))
    return [path for path in found if path is not None]


def _target(source: Path, link: str) -> Path | None:
    """The file of a link; nothing for an address, or for a file that is missing."""
    path = Path(os.path.normpath(source.parent / link))
    return path if "://" not in link and path.is_file() and ROOT in path.parents else None


def _place(path: Path) -> str:
    """Where the site has a file of the repository."""
    if path == ROOT / "README.md":
        return "index.md"
    place = path.relative_to(DOCS if DOCS in path.parents else ROOT).as_posix()
    return f"{place}.md" if path.suffix in (*SHOWN, ".ipynb") else place


def _source_of(place: str) -> Path:
    """The file of the repository behind a page of the site."""
    inside = DOCS / place
    return inside if inside.exists() else ROOT / place


def _file(path: Path, config: MkDocsConfig) -> File:
    place = _place(path)
    if path.suffix == ".ipynb":
        return File.generated(config, place, content=notebook_page(path))
    if path.suffix in SHOWN:
        text = f"# {path.relative_to(ROOT)}\n\n````{SHOWN[path.suffix]}\n{path.read_text()}````\n"
        return File.generated(config, place, content=text)
    return File.generated(config, place, abs_src_path=str(path))

"""Pages that hooks write, in the navigation."""

from mkdocs.config.defaults import MkDocsConfig


def list_under(config: MkDocsConfig, first: str, pages: list[object]) -> MkDocsConfig:
    """Lists pages under the entry of the navigation that names the first of them.

    Args:
        config: Configuration of the site.
        first: Page that the entry names.
        pages: The other pages, each a path or a title with one.
    """
    for entry in config.nav:
        for title, page in entry.items():
            if page == first:
                entry[title] = [page, *pages]
    return config

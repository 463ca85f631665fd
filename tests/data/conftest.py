"""A tree of small pictures."""

import pytest

from pictures import picture


@pytest.fixture
def tree(tmp_path):
    for split, count in (("train", 20), ("val", 4)):
        for number, name in enumerate(("cat", "dog")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                picture(100 * number + i).save(folder / f"{i}.png")
    return tmp_path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("NAS_TC_CACHE", str(folder))
    return folder

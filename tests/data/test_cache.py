import json
import os

import numpy as np
import pytest
from PIL import Image

from nas_tc.data import Split, contact_sheet, load_data
from nas_tc.data import cache as cache_module
from nas_tc.data import load as load_module
from nas_tc.errors import NasTcError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("NAS_TC_CACHE", str(folder))
    monkeypatch.setattr(cache_module, "_FEWEST_IMAGES", 1)
    return folder


def write_npz(file, seed=0, count=60):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    np.savez(file, x_train=pixels, y_train=np.arange(count) % 3,
             x_test=pixels[:9], y_test=np.arange(9) % 3)  # fmt: skip


def equal(one, other):
    splits = ("train", "validation", "test")
    return all(
        np.array_equal(getattr(one, s).images, getattr(other, s).images)
        and np.array_equal(getattr(one, s).labels, getattr(other, s).labels)
        for s in splits
    )


def test_the_second_time_nothing_is_decoded(tmp_path, cache, monkeypatch):
    write_npz(tmp_path / "a.npz")
    first = load_data(f"npz:{tmp_path}/a.npz", side=(6, 6))
    monkeypatch.setitem(load_module._PLANS, "npz", None)  # would raise
    second = load_data(f"npz:{tmp_path}/a.npz", side=(6, 6))
    assert equal(first, second)
    assert second.train.images.shape == (54, 6, 6, 3)
    assert "checksum" in vars(second)
    assert (first.checksum, first.moments) == (second.checksum, second.moments)
    assert (first.classes, first.augment) == (second.classes, second.augment)


def test_a_cache_is_found_by_content_size_and_nothing_else(tmp_path, cache):
    write_npz(tmp_path / "a.npz")
    load_data(f"npz:{tmp_path}/a.npz")
    assert len(list(cache.iterdir())) == 1
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a.npz").rename(tmp_path / "elsewhere" / "a.npz")
    load_data(f"npz:{tmp_path}/elsewhere/a.npz")
    assert len(list(cache.iterdir())) == 1
    load_data(f"npz:{tmp_path}/elsewhere/a.npz", side=(4, 4))
    assert len(list(cache.iterdir())) == 2
    write_npz(tmp_path / "elsewhere" / "a.npz", seed=1)
    load_data(f"npz:{tmp_path}/elsewhere/a.npz")
    assert len(list(cache.iterdir())) == 3


def test_a_broken_cache_is_passed_over(tmp_path, cache):
    write_npz(tmp_path / "a.npz")
    first = load_data(f"npz:{tmp_path}/a.npz")
    (entry,) = cache.iterdir()
    (entry / "train-images.npy").write_bytes(b"")
    assert equal(load_data(f"npz:{tmp_path}/a.npz"), first)


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch, cache):
    cache.write_text("a file where the folder should be")
    write_npz(tmp_path / "a.npz")
    assert len(load_data(f"npz:{tmp_path}/a.npz").train) == 54
    monkeypatch.setenv("NAS_TC_CACHE", "off")
    assert cache_module.cache_folder() is None
    assert len(load_data(f"npz:{tmp_path}/a.npz").train) == 54


def test_the_contact_sheet_has_a_row_a_class(tmp_path):
    images = np.zeros((6, 48, 48, 3), dtype=np.uint8)
    images[:] = (np.arange(6, dtype=np.uint8) * 10)[:, None, None, None]
    split = Split(images, np.array([0, 1, 2, 0, 1, 2]))
    assert contact_sheet(split, tmp_path / "sheet.png", columns=2) == 3
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (150, 100, 3)
    assert [sheet[row * 50, column * 50, 0] for row in range(3) for column in range(2)] == [
        0, 30, 10, 40, 20, 50,
    ]  # fmt: skip
    with pytest.raises(NasTcError, match="cannot write"):
        contact_sheet(split, tmp_path / "sheet.png" / "below.png")


@pytest.mark.parametrize("linked", ["{tree}/cat", "{tree}/train", "{tree}/train/cat"])
def test_what_lies_behind_a_link_is_part_of_what_is_found(tmp_path, cache, linked):
    """Two trees, alike but for the images behind a link, are two entries."""
    places = [tmp_path / "one", tmp_path / "two"]
    found = []
    for number, place in enumerate(places):
        root = place / "train" if "train" in linked else place
        for split in {root, place / "val"} if "train" in linked else {root}:
            for name in ("cat", "dog"):
                (split / name).mkdir(parents=True)
                for i in range(20):
                    Image.new("RGB", (4, 4), (i, 0, 0)).save(split / name / f"{i}.png")
        link = type(place)(linked.format(tree=place))
        behind = tmp_path / f"behind-{number}"
        link.rename(behind)
        link.symlink_to(behind)
        for file in behind.rglob("*.png"):
            Image.new("RGB", (4, 4), (0, number + 1, 0)).save(file)
        found.append(load_data(f"imagefolder:{place}"))
    assert not equal(*found)
    assert len(list(cache.iterdir())) == 2
    assert equal(load_data(f"imagefolder:{places[0]}"), found[0])
    assert len(list(cache.iterdir())) == 2


def test_two_trees_of_the_same_names_sizes_and_times_are_two_entries(tmp_path, cache):
    """As Nix, container layers and `tar --mtime` make them."""
    found = []
    for grey in (10, 200):
        place = tmp_path / f"tree-{grey}"
        for number, name in enumerate(("cat", "dog")):
            (place / name).mkdir(parents=True)
            for i in range(40):
                file = place / name / f"{i:02}.pgm"
                Image.new("L", (4, 4), grey + number).save(file)
                os.utime(file, (1, 1))
        found.append(load_data(f"imagefolder:{place}"))
    assert [data.train.images.min() for data in found] == [10, 200]
    assert len(list(cache.iterdir())) == 2
    file = place / "cat" / "00.pgm"  # replaced in place, as by cp -p
    Image.new("L", (4, 4), 50).save(file)
    os.utime(file, (1, 1))
    assert 50 in load_data(f"imagefolder:{place}").train.images
    assert len(list(cache.iterdir())) == 3
    place.rename(tmp_path / "moved")
    load_data(f"imagefolder:{tmp_path / 'moved'}")
    assert len(list(cache.iterdir())) == 3


def test_names_that_are_no_utf8_are_read(tmp_path, cache):
    for name in (b"caf\xe9", b"dog"):
        folder = tmp_path / "tree" / os.fsdecode(name)
        folder.mkdir(parents=True)
        for i in range(20):
            Image.new("L", (4, 4), i).save(folder / os.fsdecode(b"%d\xff.png" % i))
    data = load_data(f"imagefolder:{tmp_path / 'tree'}")
    assert data.classes == ("caf\ufffd", "dog")
    assert data.summary().encode()
    assert equal(load_data(f"imagefolder:{tmp_path / 'tree'}"), data)


def test_a_set_that_an_earlier_version_has_decoded_is_decoded_anew_with_a_word(tmp_path, cache):
    write_npz(tmp_path / "a.npz")
    first = load_data(f"npz:{tmp_path}/a.npz")
    (entry,) = cache.iterdir()
    values = json.loads((entry / "data.json").read_text())
    del values["format"]
    (entry / "data.json").write_text(json.dumps(values))
    entry.rename(cache / "of-before")
    again = load_data(f"npz:{tmp_path}/a.npz")
    assert equal(first, again)
    assert again.checksum == first.checksum
    assert "decoded anew: " in again.summary()
    assert "has a set of an earlier version" in again.summary()
    assert load_data(f"npz:{tmp_path}/a.npz").remarks == ()  # said once


def test_a_damaged_entry_is_replaced(tmp_path, cache):
    write_npz(tmp_path / "a.npz")
    load_data(f"npz:{tmp_path}/a.npz")
    (entry,) = cache.iterdir()
    (entry / "train-images.npy").write_bytes(b"")
    first = load_data(f"npz:{tmp_path}/a.npz")
    found = cache_module.read_cache(entry.name, "a", 2**30)
    assert found is not None
    assert equal(found, first)
    assert list(cache.iterdir()) == [entry]


def test_an_entry_that_another_process_has_made_stays(tmp_path, cache):
    write_npz(tmp_path / "a.npz")
    data = load_data(f"npz:{tmp_path}/a.npz")
    (entry,) = cache.iterdir()
    made = (entry / "data.json").stat().st_ino
    cache_module.write_cache(entry.name, data)
    assert list(cache.iterdir()) == [entry]
    assert (entry / "data.json").stat().st_ino == made


def test_nothing_is_left_of_an_entry_that_is_stopped(tmp_path, cache, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache_module, "put_in", stopped)
    write_npz(tmp_path / "a.npz")
    with pytest.raises(KeyboardInterrupt):
        load_data(f"npz:{tmp_path}/a.npz")
    assert list(cache.iterdir()) == []


def test_the_cache_is_the_same_folder_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_TC_CACHE", "here")
    assert cache_module.cache_folder() == tmp_path / "here"
    monkeypatch.delenv("NAS_TC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "there")
    assert cache_module.cache_folder() == tmp_path / "there" / "nas-tc"

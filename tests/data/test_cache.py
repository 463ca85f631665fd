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
    monkeypatch.setitem(load_module._ARRAYS, "npz", None)  # would raise
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

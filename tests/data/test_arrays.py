import gzip
import re
import struct
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nas_tc.data import Decoding, load_data
from nas_tc.errors import DataError
from nas_tc.recipe import Recipe
from nas_tc.training import images_on
from nas_tc.training.batches import shuffled_batches

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 6, 6), dtype=np.uint8)
LABELS = np.arange(40) % 4


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    monkeypatch.setenv("NAS_TC_CACHE", "off")


def test_npz_with_all_splits_is_taken_as_it_is(tmp_path):
    file = tmp_path / "med.npz"
    splits = {"train": slice(None), "val": slice(8), "test": slice(8, None)}
    arrays = {f"{split}_images": GREY[part] for split, part in splits.items()}
    labels = {f"{split}_labels": LABELS[part, None] + 3 for split, part in splits.items()}
    np.savez(file, **arrays, **labels)
    data = load_data(f"npz:{file}")
    assert np.array_equal(data.train.images[..., 0], GREY)
    assert np.array_equal(data.train.labels, LABELS)
    assert data.classes == ("3", "4", "5", "6")
    assert (len(data.validation), len(data.test)) == (8, 32)


def test_npz_with_one_array_is_split(tmp_path):
    file = tmp_path / "one.npz"
    np.savez(file, x=GREY, y=LABELS)
    data = load_data(f"npz:{file}", side=(3, 3))
    assert (len(data.train), len(data.validation), len(data.test)) == (29, 3, 8)
    assert data.shape == (1, 3, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": GREY}, "no training images"),
        (
            {"x": GREY.astype(float), "y": LABELS},
            r"must be uint8, not float64; .* save \(x \* 255\)\.round",
        ),
        ({"x": GREY, "y": LABELS[:5]}, "a whole number for each of the 40 images"),
        ({"x": GREY, "y": LABELS / 2}, "a whole number for each"),
        (
            {"x": GREY, "y": np.stack([LABELS, LABELS], 1)},
            r"labels of \(40, 2\) are not all 0 or 1",
        ),
        ({"x": GREY, "y": np.stack([LABELS[:20]] * 2, 1)}, r"labels of \(20, 2\); needs a whole"),
        ({"x": np.zeros((40, 3, 6, 6), np.uint8), "y": LABELS}, r"save x\.transpose\(0, 2, 3, 1\)"),
        (
            {"x_train": GREY, "y_train": LABELS, "X_valid": GREY},
            "has X_valid but no y_valid; save both",
        ),
        ({"x": np.zeros((40, 6, 6, 4), np.uint8), "y": LABELS}, r"not 4; save x\[\.\.\., :3\]"),
        (
            {"x": np.zeros((40, 3, 6, 6), np.float32), "y": LABELS},
            r"save x\.transpose\(0, 2, 3, 1\); if 1 is white, save",
        ),
        ({"x": GREY.astype(int), "y": LABELS}, r'if 255 is white, save x\.astype\("uint8"\)'),
        ({"x": GREY.reshape(40, -1), "y": LABELS}, r"save x\.reshape\(n, height, width"),
        ({"x": GREY > 9, "y": LABELS}, r'save x\.astype\("uint8"\) \* 255'),
        ({"x": GREY, "y": LABELS.astype(float)}, r"labels are float64; .*save y\.astype\(int\)"),
        ({"x": GREY, "y": LABELS.astype(str)}, r"labels are <U.*save numpy\.unique\(y"),
        (
            {"x_train": GREY, "y_train": LABELS, "x_test": GREY, "y_test": LABELS + 1},
            "label 4 is not among the training images",
        ),
    ],
)
def test_what_is_wrong_in_an_npz_is_named(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=message):
        load_data(f"npz:{tmp_path}/bad.npz")


def test_npz_in_capitals_one_hot_and_with_more_than_is_used(tmp_path):
    one_hot = np.eye(4)[LABELS]
    np.savez(tmp_path / "a.npz", X_train=GREY, Y_train=one_hot, x_valid=GREY[:8],
             y_valid=one_hot[:8], X_test=GREY[:12], Y_test=one_hot[:12], mean=GREY[0])  # fmt: skip
    data = load_data(f"npz:{tmp_path}/a.npz")
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 8, 12)
    assert np.array_equal(data.train.labels, LABELS)
    assert data.remarks == ("left out: 1 array mean",)


def test_an_npz_that_is_none(tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=r"bad\.npz: not an npz file of arrays: it does not begin"):
        load_data(f"npz:{tmp_path}/bad.npz")
    with pytest.raises(DataError, match=r"^no file '.*missing\.npz'; npz:FILE needs one"):
        load_data(f"npz:{tmp_path}/missing.npz")
    with pytest.raises(DataError, match="lacks its file; write npz:FILE"):
        load_data("npz:")


def test_an_npz_that_is_cut_short_or_one_array(tmp_path):
    np.savez_compressed(tmp_path / "cut.npz", x=GREY, y=LABELS)
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bent.npz").write_bytes(whole[:200] + bytes(100) + whole[300:])
    secret = bytearray(whole)
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # bit 0 of the flags: encrypted
        for found in re.finditer(re.escape(mark), whole):
            secret[found.start() + flags] |= 1
    (tmp_path / "secret.npz").write_bytes(secret)
    np.save(tmp_path / "one.npy", GREY)
    for name, message in (
        ("cut.npz", "not an npz file of arrays"),
        ("bent.npz", "not an npz file of arrays"),
        ("secret.npz", "not an npz file of arrays: File '.*' is encrypted"),
        ("one.npy", "one array alone; an npz file has images and labels"),
    ):
        with pytest.raises(DataError, match=f"{name}: {message}") as raised:
            load_data(f"npz:{tmp_path / name}")
        assert "\n" not in str(raised.value)


def test_arrays_of_another_order_are_trained_on(tmp_path):
    images = np.asfortranarray(np.repeat(GREY[..., None], 3, axis=3))
    np.savez(tmp_path / "fortran.npz", x_train=images, y_train=LABELS, x_test=images, y_test=LABELS)
    data = load_data(f"npz:{tmp_path}/fortran.npz")
    assert np.array_equal(data.test.images, images)
    training = images_on(torch.device("cpu"), data.test)
    recipe = Recipe(batch_size=40, augment=("crop",))
    ((pixels, _),) = shuffled_batches(training, recipe, torch.Generator())
    assert pixels.shape == (40, 3, 6, 6)


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def test_idx_files_of_the_mnist_family(tmp_path):
    labels = LABELS.astype(np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(GREY))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(GREY[:12])))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[:12])))
    data = load_data(f"idx:{tmp_path}")
    assert np.array_equal(data.test.images[..., 0], GREY[:12])
    assert np.array_equal(data.test.labels, LABELS[:12])
    assert (len(data.train), len(data.validation)) == (36, 4)
    assert data.remarks == ()
    (tmp_path / "extra-images-idx3-ubyte").write_bytes(idx(GREY))
    assert load_data(f"idx:{tmp_path}").remarks == ("left out: 1 extra-images-idx3-ubyte",)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(GREY)[:100])
    with pytest.raises(DataError, match="train-images-idx3-ubyte: a broken idx file"):
        load_data(f"idx:{tmp_path}")


def test_idx_images_without_their_labels_are_refused(tmp_path):
    """They would have been left out, and a part of the training images called the test."""
    for split, count in (("train", 40), ("t10k", 12)):
        (tmp_path / f"{split}-images-idx3-ubyte").write_bytes(idx(GREY[:count]))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS.astype(np.uint8)))
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte but no t10k-labels\*; fetch the"):
        load_data(f"idx:{tmp_path}")


@pytest.mark.parametrize(
    ("damage", "reason"), [("cut", "ends before the last"), ("longer", "goes on")]
)
def test_idx_files_of_another_length_are_broken(tmp_path, damage, reason):
    content = idx(GREY)
    bent = content[:-1] if damage == "cut" else content + b"x"
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bent))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS.astype(np.uint8)))
    with pytest.raises(DataError, match=rf"ubyte\.gz: a broken idx file: {reason}"):
        load_data(f"idx:{tmp_path}")
    packed = gzip.compress(content)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(packed[:-12] + bytes(12))
    with pytest.raises(DataError, match=r"ubyte\.gz: a broken idx file"):
        load_data(f"idx:{tmp_path}")


def test_an_array_in_another_order_is_not_read_beyond_the_limit(tmp_path):
    np.savez(tmp_path / "fortran.npz", x=np.asfortranarray(GREY), y=LABELS)
    with pytest.raises(DataError, match=r"npz, x: .* Fortran order.*numpy\.ascontiguousarray"):
        load_data(f"npz:{tmp_path}/fortran.npz", side=(2, 2), decoding=Decoding(memory_limit=1000))


def test_images_of_other_splits_are_fitted_to_those_of_training(tmp_path):
    colour = np.repeat(GREY[..., None], 3, axis=3)
    np.savez(tmp_path / "a.npz", x_train=colour, y_train=LABELS, x_test=GREY[:8], y_test=LABELS[:8])
    data = load_data(f"npz:{tmp_path}/a.npz")
    assert np.array_equal(data.test.images, colour[:8])


def png(pixels):
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


class HubSplit:
    """A split as the library `datasets` has it, as far as we use it."""

    def __init__(self, pixels, labels):
        self.column_names = ["img", "label"]
        self.features = {"label": SimpleNamespace(names=["cat", "dog", "eel", "fox"])}
        self._columns = {"img": [{"bytes": png(p)} for p in pixels], "label": list(labels)}

    def cast_column(self, name, feature):
        assert (name, feature) == ("img", "undecoded")
        return self

    def __getitem__(self, name):
        return self._columns[name]


def test_the_hub_through_its_library(monkeypatch):
    splits = {"train": HubSplit(GREY, LABELS), "validation": HubSplit(GREY[:12], LABELS[:12])}
    library = SimpleNamespace(
        load_dataset=lambda name: splits if name == "some/images" else 1 / 0,
        Image=lambda decode: "undecoded" if not decode else None,
    )
    monkeypatch.setitem(sys.modules, "datasets", library)
    data = load_data("hub:some/images")
    assert np.array_equal(data.test.images[..., 0], GREY[:12])  # its validation images
    assert data.classes == ("cat", "dog", "eel", "fox")
    assert (len(data.train), len(data.validation)) == (36, 4)
    with pytest.raises(DataError, match="hub:other: cannot be loaded from the hub: division"):
        load_data("hub:other")


def test_the_hub_without_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install 'nas-tc\[hub\]'"):
        load_data("hub:some/images")


def test_broken_images_are_noted_and_the_others_decoded(tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(10):
            Image.fromarray(GREY[number]).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "0.png").write_bytes(b"no image")
    (tmp_path / "b" / "7.png").write_bytes((tmp_path / "b" / "7.png").read_bytes()[:50])
    broken, seen = [], []
    data = load_data(
        f"imagefolder:{tmp_path}", decoding=Decoding(lambda *n: seen.append(n), broken)
    )
    assert sorted(m.split(":")[0].removeprefix(str(tmp_path)) for m in broken) == [
        "/a/0.png",
        "/b/7.png",
    ]
    assert sum(len(s) for s in (data.train, data.validation, data.test)) == 20
    assert seen == [(15, 20), (16, 20), (20, 20)]  # split by split
    with pytest.raises(DataError, match=r"a/0\.png: not an image"):
        load_data(f"imagefolder:{tmp_path}")

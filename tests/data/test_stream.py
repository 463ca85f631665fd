"""Sets larger than the memory they are given: decoded into files, read batch by batch."""

import errno
import gzip
import os
import pickle
import struct
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
from PIL import Image

from nas_tc.data import Decoding, load_data
from nas_tc.data import disk as disk_module
from nas_tc.data import rows as rows_module
from nas_tc.errors import DataError
from nas_tc.recipe import Recipe
from nas_tc.training import Images, images_on
from nas_tc.training.batches import plain_batches, shuffled_batches

SPLITS = ("train", "validation", "test")
SMALL = Decoding(memory_limit=1000)  # bytes


def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (11, 14, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def tree(tmp_path):
    for number, name in enumerate(("cat", "dog", "eel")):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for i in range(40):
            picture(100 * number + i).save(folder / f"{i:02}.png")
    return tmp_path / "images"


@pytest.fixture
def parquet(tree, tmp_path):
    folder = tmp_path / "parquet"
    folder.mkdir()
    files = sorted(tree.rglob("*.png"))
    for number, start in enumerate(range(0, 120, 30)):
        some = files[start : start + 30]
        rows = [{"bytes": file.read_bytes(), "path": None} for file in some]
        table = pa.table({"image": rows, "label": [file.parent.name for file in some]})
        name = f"train-{number}" if number < 3 else "train-9"
        pa.parquet.write_table(table, folder / f"{name}.parquet", row_group_size=7)
    pa.parquet.write_table(table.slice(0, 5), folder / "test.parquet")
    return folder


@pytest.fixture
def arrays():
    pixels = np.random.default_rng(0).integers(0, 256, (120, 9, 7, 3), dtype=np.uint8)
    return pixels, np.arange(120) % 3


@pytest.fixture
def npz(arrays, tmp_path):
    """Packed, in two splits."""
    pixels, labels = arrays
    np.savez_compressed(
        tmp_path / "a.npz", x_train=pixels, y_train=labels, x_test=pixels[:9], y_test=labels[:9]
    )
    return tmp_path / "a.npz"


@pytest.fixture
def idx(arrays, tmp_path):
    """The training images packed, the others not."""
    folder = tmp_path / "idx"
    folder.mkdir()
    pixels, labels = arrays
    for split, count in (("train", 120), ("t10k", 9)):
        images = struct.pack(">HBBIII", 0, 8, 3, count, 9, 7) + pixels[:count, ..., 0].tobytes()
        packed = split == "train"
        name = f"{split}-images-idx3-ubyte" + (".gz" if packed else "")
        (folder / name).write_bytes(gzip.compress(images) if packed else images)
        numbers = struct.pack(">HBBI", 0, 8, 1, count) + labels[:count].astype(np.uint8).tobytes()
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(numbers)
    return folder


def same(one, other):
    return (one.checksum, one.moments) == (other.checksum, other.moments) and all(
        np.array_equal(getattr(one, split).labels, getattr(other, split).labels) for split in SPLITS
    )


@pytest.mark.parametrize("kind", ["tree", "parquet", "npz", "idx"])
@pytest.mark.parametrize("fewer", [None, 20])
def test_a_streamed_set_is_the_same_set(request, cache, monkeypatch, kind, fewer):
    monkeypatch.setattr(rows_module, "_BLOCK_BYTES", 1000)  # an array in more than one piece
    spec = f"{'imagefolder' if kind == 'tree' else kind}:{request.getfixturevalue(kind)}"
    whole = load_data(spec, side=(8, 8), train_images=fewer)
    streamed = load_data(spec, side=(8, 8), train_images=fewer, decoding=SMALL)
    assert (whole.train.file, streamed.train.file is None) == (None, False)
    assert same(whole, streamed)
    again = load_data(spec, side=(8, 8), train_images=fewer, decoding=SMALL)
    assert again.train.file == streamed.train.file
    assert [path.name[0] for path in cache.iterdir() if path.is_dir()].count(".") == 0
    assert load_data(spec, side=(8, 8), train_images=fewer).train.images.shape[1:3] == (8, 8)


def test_batches_are_the_same_to_the_bit(tree, cache):
    spec, recipe = f"imagefolder:{tree}", Recipe(batch_size=16, augment=("crop", "flip"), margin=2)
    found = []
    for decoding in (Decoding(), SMALL):
        data = load_data(spec, side=(8, 8), decoding=decoding)
        images = images_on(torch.device("cpu"), data.train, margin=2)
        generator = torch.Generator().manual_seed(3)
        found.append(
            [
                *shuffled_batches(images, recipe, generator),
                *shuffled_batches(images, recipe, generator),
                *plain_batches(images, 16),
            ]
        )
        assert images.streamed == (decoding is SMALL)
    assert len(found[0]) == len(found[1]) > 10
    for (pixels, labels), (streamed, theirs) in zip(*found, strict=True):
        assert torch.equal(pixels, streamed)
        assert torch.equal(labels, theirs)


def test_an_error_while_reading_ahead_is_raised():
    images = Images(torch.zeros(8, 4, 4, 3, dtype=torch.uint8), torch.zeros(3), streamed=True)
    with pytest.raises(ValueError, match="zip"):
        list(plain_batches(images, 2))


def test_what_a_file_holds_is_not_sent_to_other_processes(tree, cache):
    data = load_data(f"imagefolder:{tree}", decoding=SMALL)
    sent = pickle.dumps(data)
    assert len(sent) < data.train.images.nbytes / 2
    assert same(pickle.loads(sent), data)
    data.train.file.unlink()
    with pytest.raises(DataError, match="NAS_TC_CACHE must be a folder that all of them have"):
        pickle.loads(sent)


def test_a_decoding_that_was_stopped_goes_on(tree, cache, monkeypatch):
    whole = load_data(f"imagefolder:{tree}")
    decode = disk_module.decode_images
    starts = []

    def stopped(images, into, decoding, *, start, **rest):
        starts.append(start)
        if len(starts) == 2:  # Ctrl-C after the training images and three of the next
            decode(images.take(np.arange(3)), into[:3], decoding, start=start, **rest)
            rest["done"](3)
            raise KeyboardInterrupt
        decode(images, into, decoding, start=start, **rest)

    monkeypatch.setattr(disk_module, "decode_images", stopped)
    with pytest.raises(KeyboardInterrupt):
        load_data(f"imagefolder:{tree}", decoding=SMALL)
    assert same(load_data(f"imagefolder:{tree}", decoding=SMALL), whole)
    assert starts == [0, 0, 87, 3, 0]


def test_a_broken_image_is_named_and_nothing_half_is_kept(tree, cache):
    (tree / "dog" / "07.png").write_bytes(b"no image")
    spec = f"imagefolder:{tree}"
    with pytest.raises(DataError, match=r"dog/07\.png: not an image"):
        load_data(spec, decoding=SMALL)
    broken = []
    data = load_data(spec, decoding=Decoding(broken=broken, memory_limit=1000))
    assert len(broken) == 1
    assert len(data.train) == 87
    assert data.checksum
    assert not any(path.is_dir() for path in cache.iterdir())
    picture(107).save(tree / "dog" / "07.png")
    assert same(load_data(spec, decoding=SMALL), load_data(spec))


def test_a_damaged_set_is_decoded_anew(tree, cache):
    data = load_data(f"imagefolder:{tree}", decoding=SMALL)
    data.train.file.write_bytes(b"")
    again = load_data(f"imagefolder:{tree}", decoding=SMALL)
    assert same(again, load_data(f"imagefolder:{tree}"))
    assert again.train.file == data.train.file


def test_a_set_that_another_process_has_made_meanwhile_is_used(tree, cache, monkeypatch):
    first = load_data(f"imagefolder:{tree}", decoding=SMALL)
    monkeypatch.setattr(disk_module, "read_cache", lambda *_: found.pop(0))
    found = [None, first]  # not there at first: the other process came later
    monkeypatch.setattr("nas_tc.data.load.read_cache", lambda *_: None)
    assert load_data(f"imagefolder:{tree}", decoding=SMALL) is first
    assert not any(path.is_dir() for path in cache.glob(".decoding-*"))


def test_a_place_has_one_lock_however_it_is_spelt(tree, cache, monkeypatch):
    monkeypatch.chdir(tree.parent)
    for spelt in (tree, "images", "./images", "images/../images"):
        load_data(f"imagefolder:{spelt}", side=(8, 8), decoding=SMALL)
    assert len(list(cache.glob(".decoding-*.lock"))) <= 1
    assert len({disk_module._digest(f"imagefolder:{s}") for s in ("images", "./images")}) == 1


def test_broken_images_are_counted_once_after_a_stop(tree, cache, monkeypatch):
    (tree / "dog" / "07.png").write_bytes(b"no image")
    decode, stops = disk_module.decode_images, [True]

    def stopped(images, into, decoding, *, done, **rest):
        if stops:
            decode(images, into, decoding, **rest)
            stops.pop()
            done(0)  # what is known of the hundred under way is its broken images
            raise KeyboardInterrupt
        decode(images, into, decoding, done=done, **rest)

    monkeypatch.setattr(disk_module, "decode_images", stopped)
    spec = f"imagefolder:{tree}"
    with pytest.raises(KeyboardInterrupt):
        load_data(spec, decoding=Decoding(broken=[], memory_limit=1000))
    broken = []
    load_data(spec, decoding=Decoding(broken=broken, memory_limit=1000))
    assert len(broken) == 1


def test_no_place_to_stream_from(tree, monkeypatch, tmp_path):
    with pytest.raises(DataError, match="NAS_TC_CACHE is 'off'"):  # as all tests have it
        load_data(f"imagefolder:{tree}", decoding=SMALL)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"needs 0\.1 MiB there: make room"):
        load_data(f"imagefolder:{tree}", decoding=SMALL)


@pytest.mark.parametrize("which", ["shutil.disk_usage", "os.posix_fallocate"])
def test_a_set_that_does_not_fit_leaves_the_disk_as_it_was(tree, monkeypatch, tmp_path, which):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    room = {"shutil.disk_usage": lambda _: SimpleNamespace(free=9000), "os.posix_fallocate": full}
    cache = tmp_path / "cache"
    monkeypatch.setenv("NAS_TC_CACHE", str(cache))
    monkeypatch.setattr(f"nas_tc.data.disk.{which}", room[which])
    with pytest.raises(DataError, match=r"No space left on device; .* needs 0\.1 MiB there"):
        load_data(f"imagefolder:{tree}", decoding=SMALL)
    assert not list(cache.rglob("*.npy"))

"""Images in parquet files, whole and broken."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from nas_tc.data import Decoding, load_data
from nas_tc.errors import DataError
from pictures import picture, png, write_parquet


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize("column", ["img", "image"])
def test_parquet(tmp_path, column, wrap):
    write_parquet(tmp_path / "train-00000-of-00002.parquet", 20, column, wrap)
    write_parquet(tmp_path / "train-00001-of-00002.parquet", 20, column, wrap, start=20)
    write_parquet(tmp_path / "test.parquet", 6, column, wrap, start=50)
    data = load_data(f"parquet:{tmp_path}")
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 6)
    assert np.array_equal(data.test.images[3], np.asarray(picture(53)))


def test_parquet_with_a_validation_file(tmp_path):
    for name, count in (("train", 10), ("validation", 4), ("test", 6)):
        write_parquet(tmp_path / f"{name}.parquet", count)
    data = load_data(f"parquet:{tmp_path}")
    assert (len(data.train), len(data.validation), len(data.test)) == (10, 4, 6)


@pytest.mark.parametrize(
    ("others", "counts"),
    [((), (29, 3, 8)), (("valid",), (36, 4, 6)), (("val", "test"), (40, 6, 6))],
)
def test_parquet_splits_that_are_missing_are_held_out_as_of_folders(tmp_path, others, counts):
    write_parquet(tmp_path / "train.parquet", 40)
    for name in others:
        write_parquet(tmp_path / f"{name}.parquet", 6)
    data = load_data(f"parquet:{tmp_path}")
    assert (len(data.train), len(data.validation), len(data.test)) == counts


def test_parquet_that_only_begins_like_a_split_is_left_out(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("train-0", "train_1", "train_extra", "test", "testing_ood"):
        write_parquet(tmp_path / "data" / f"{name}.parquet", 20)
    data = load_data(f"parquet:{tmp_path}")
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 20)
    assert data.remarks == (
        f"read from {tmp_path / 'data'}",
        "left out: 1 testing_ood.parquet, 1 train_extra.parquet",
    )


def test_parquet_names_may_have_capitals(tmp_path):
    write_parquet(tmp_path / "Train.parquet", 20)
    write_parquet(tmp_path / "TEST-0001.parquet", 6)
    assert len(load_data(f"parquet:{tmp_path}").test) == 6
    (tmp_path / "Train.parquet").rename(tmp_path / "all.parquet")
    with pytest.raises(DataError, match=r"train\.parquet is missing .*left out: 1 all\.parquet"):
        load_data(f"parquet:{tmp_path}")


def test_a_shard_that_is_missing_is_refused(tmp_path):
    write_parquet(tmp_path / "train-00000-of-00002.parquet", 20)
    with pytest.raises(DataError, match=r"1 of the 2 files train-\*-of-00002\.parquet are there"):
        load_data(f"parquet:{tmp_path}")


def named_parquet(path, labels, names):
    write_parquet(path, len(labels), labels=labels)
    features = {"label": {"names": names, "_type": "ClassLabel"}}
    table = pa.parquet.read_table(path)
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pa.parquet.write_table(table.replace_schema_metadata(metadata), path)


def test_names_of_classes_are_those_of_the_schema(tmp_path):
    write_parquet(tmp_path / "train.parquet", 20)
    write_parquet(tmp_path / "test.parquet", 4)
    before = load_data(f"parquet:{tmp_path}").checksum
    named_parquet(tmp_path / "train.parquet", [0, 1] * 10, ["cat", "dog", "eel"])
    named_parquet(tmp_path / "test.parquet", [0, 1] * 2, ["cat", "dog", "eel"])
    data = load_data(f"parquet:{tmp_path}")
    assert data.classes == ("cat", "dog")
    assert data.checksum == before  # a study of before goes on
    named_parquet(tmp_path / "test.parquet", [1, 2, 1, 2], ["eel", "cat", "dog"])
    assert load_data(f"parquet:{tmp_path}").checksum == before
    named_parquet(tmp_path / "test.parquet", [1, 2, 1, 2], ["fox", "cat", "dog"])
    with pytest.raises(DataError, match=r"test\.parquet: the class 'fox' is not among"):
        load_data(f"parquet:{tmp_path}")


def test_parquet_that_is_missing_or_broken(tmp_path):
    with pytest.raises(DataError, match=r"no images: .*train\.parquet is missing"):
        load_data(f"parquet:{tmp_path}")
    (tmp_path / "train.parquet").write_text("hello")
    with pytest.raises(DataError, match=r"train\.parquet: not a parquet file") as raised:
        load_data(f"parquet:{tmp_path}")
    assert "\n" not in str(raised.value)
    write_parquet(tmp_path / "train.parquet", 20, column="picture")
    with pytest.raises(DataError, match=r"no image column .* among picture, label"):
        load_data(f"parquet:{tmp_path}")


@pytest.mark.parametrize(
    ("content", "labels", "complaint"),
    [
        (b"junk", [0, 1], r"test\.parquet, row 1: not an image"),
        (None, [0, 1], r"test\.parquet, row 1: the image is missing"),
        ("good", [0, 7], r"test\.parquet, row 1: label 7 is not among"),
        ("good", [0, None], r"test\.parquet, row 1: the label is missing"),
        ("good", [0.0, float("nan")], r"row 0: a label is a whole number or a name, not 0\.0"),
        (
            "good",
            [[0], [1]],
            r"test\.parquet, row 0: a list of labels, but .*train\.parquet, row 0 has one label",
        ),
    ],
)
def test_a_broken_row_is_named(tmp_path, content, labels, complaint):
    write_parquet(tmp_path / "train.parquet", 20)
    last = png(picture(1)) if content == "good" else content
    table = pa.table({"img": [png(picture(0)), last], "label": labels})
    pa.parquet.write_table(table, tmp_path / "test.parquet")
    with pytest.raises(DataError, match=complaint):
        load_data(f"parquet:{tmp_path}")


def test_cifar10(cifar10):
    limit = Decoding(memory_limit=10**8)  # bytes: the images that are not asked for stay encoded
    data = load_data(f"parquet:{cifar10}", train_images=1000, decoding=limit)
    assert (len(data.train), len(data.validation), len(data.test)) == (1000, 5000, 10000)
    assert (data.shape, len(data.classes)) == ((3, 32, 32), 10)

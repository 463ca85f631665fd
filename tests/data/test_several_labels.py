"""Images with several labels, from each source that has them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from nas_tc.data import Decoding, contact_sheet, load_data, survey
from nas_tc.errors import DataError
from nas_tc.metric import Metric
from pictures import picture, png

LISTS = [[0, 2], [1], [], [0, 1, 2]] * 10
MATRIX = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]] * 10, dtype=np.uint8)


def rows_by_image(data, count=40):
    """The labels of each picture, by its number."""
    known = {np.asarray(picture(i)).tobytes(): i for i in range(count)}
    splits = (data.train, data.validation, data.test)
    return {
        known[image.tobytes()]: labels.tolist()
        for split in splits
        for image, labels in zip(split.images, split.labels, strict=True)
    }


def is_right(data):
    return rows_by_image(data) == {i: row.tolist() for i, row in enumerate(MATRIX)}


@pytest.mark.parametrize(
    "feature",
    [
        {"feature": {"names": ["a", "b", "c"], "_type": "ClassLabel"}, "_type": "Sequence"},
        {"feature": {"names": ["a", "b", "c"], "_type": "ClassLabel"}, "_type": "List"},
        [{"names": ["a", "b", "c"], "_type": "ClassLabel"}],
    ],
)
def test_parquet_lists_of_classes(tmp_path, feature):
    table = pa.table({"image": [png(picture(i)) for i in range(40)], "labels": LISTS})
    metadata = {b"huggingface": json.dumps({"info": {"features": {"labels": feature}}}).encode()}
    pa.parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "train.parquet")
    data = load_data(f"parquet:{tmp_path}")
    assert data.classes == ("a", "b", "c")
    assert is_right(data)
    assert (len(data.train), len(data.validation), len(data.test)) == (29, 3, 8)
    assert data.test.labels.sum(axis=0).tolist() == [4, 4, 4]  # a fifth of each
    assert "3 classes, 1.50 labels an image" in data.summary()


def test_parquet_rows_of_zeros_and_ones(tmp_path):
    for kind in (MATRIX.tolist(), MATRIX.astype(float).tolist()):
        table = pa.table({"image": [png(picture(i)) for i in range(40)], "label": kind})
        pa.parquet.write_table(table, tmp_path / "train.parquet")
        assert is_right(load_data(f"parquet:{tmp_path}"))


def test_npz_rows_of_zeros_and_ones_keep_their_columns(tmp_path):
    images = np.stack([np.asarray(picture(i)) for i in range(40)])
    wide = np.hstack([MATRIX, np.zeros((40, 1))])
    some = {"x_val": images[:5], "y_val": wide[:5], "x_test": images[:9], "y_test": wide[:9]}
    np.savez(tmp_path / "a.npz", x_train=images, y_train=wide, **some)
    data = load_data(f"npz:{tmp_path}/a.npz")
    assert data.classes == ("0", "1", "2", "3")
    assert "no training images of '3'; no network can learn them" in data.remarks
    assert np.array_equal(data.test.labels, wide[:9])
    found = "5 validation images are among those of training; 9 test images are among"
    assert f"duplicates: {found}" in data.summary()
    np.savez(tmp_path / "b.npz", x_train=images, y_train=wide, x_test=images, y_test=0 * wide)
    with pytest.raises(DataError, match="no test image has a label"):
        load_data(f"npz:{tmp_path}/b.npz")


@pytest.mark.parametrize(("sign", "name"), [("|", "pipe"), ("|", "|"), (" ", "space"), (";", ";")])
def test_a_field_of_a_table_has_several_labels(tmp_path, sign, name):
    lines = [f"{i}.png,{sign.join('abc'[each] for each in row)}" for i, row in enumerate(LISTS)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,labels", *lines]))
    for i in range(40):
        picture(i).save(tmp_path / f"{i}.png")
    data = load_data(f"csv:{tmp_path}/labels.csv,separator={name},background=black")
    assert data.classes == ("a", "b", "c")
    assert is_right(data)
    (tmp_path / "labels.csv").rename(tmp_path / "metadata.csv")
    assert is_right(load_data(f"imagefolder:{tmp_path},separator={name}"))


def test_lists_in_json_lines_and_what_is_no_list(tmp_path):
    for i in range(40):
        picture(i).save(tmp_path / f"{i}.png")

    def write(labels):
        rows = [{"file_name": f"{i}.png", "label": label} for i, label in enumerate(labels)]
        (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))

    for labels in (LISTS, [[str(each) for each in row] for row in LISTS], MATRIX.tolist()):
        write(labels)
        data = load_data(f"imagefolder:{tmp_path}")
        assert data.classes == ("0", "1", "2")
        assert is_right(data)
    write([*LISTS[:-1], "0"])
    with pytest.raises(DataError, match=r"0\.png: a list of labels, but .*39\.png has one label"):
        load_data(f"imagefolder:{tmp_path}")
    for wrong in ([None], [[0]], [0.5], [{}]):
        write([*LISTS[:-1], wrong])
        with pytest.raises(DataError, match=r"line 40: .* in its list; needs whole numbers"):
            load_data(f"imagefolder:{tmp_path}")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("npz:a.npz,separator=|", r"separator= is for tables of labels"),
        ("csv:a.csv,separator=", "separator= has no value"),
        ("csv:a.csv,separator=;,separator=|", "separator= is there twice"),
    ],
)
def test_separators_that_make_no_sense(spec, message):
    with pytest.raises(DataError, match=message):
        load_data(spec)


def test_a_table_whose_labels_look_like_lists_says_how_to_read_them(tmp_path):
    for i in range(20):
        picture(i).save(tmp_path / f"{i}.png")
    rows = [f"{i}.png,{('a|b', 'b|c')[i % 2]}" for i in range(20)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *rows]))
    data = load_data(f"csv:{tmp_path}/labels.csv")
    assert data.classes == ("a|b", "b|c")
    assert any(",separator=pipe after the path" in remark for remark in data.remarks)


def test_all_that_is_missing_is_listed_when_one_looks_at_the_data(tmp_path):
    for i in range(0, 20, 2):
        picture(i).save(tmp_path / f"{i}.png")
    rows = [f"{i}.png,{i // 2 % 2}" for i in range(20)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *rows]))
    with pytest.raises(DataError, match=r"no file '1\.png' in .*; 10 of 20 images are missing"):
        load_data(f"csv:{tmp_path}/labels.csv")
    broken = []
    load_data(f"csv:{tmp_path}/labels.csv", decoding=Decoding(broken=broken))
    assert len(broken) == 10
    assert all(f"{i}.png: the image is missing" in "\n".join(broken) for i in range(1, 20, 2))


def test_the_survey_and_who_looks_at_no_image(tmp_path):
    images = np.stack([np.asarray(picture(i % 39)) for i in range(40)])
    np.savez(tmp_path / "a.npz", x=images, y=MATRIX)
    data = load_data(f"npz:{tmp_path}/a.npz")
    page = survey(data, [])
    assert sum(page.counts[split]["0"] for split in page.counts) == MATRIX[:, 0].sum()
    assert page.images == {"training": 29, "validation": 3, "test": 8}
    assert page.labels_an_image == {0: 10, 1: 10, 2: 10, 3: 10}
    assert page.two_classes == 1  # the first image is the last, with other labels
    shares = data.test.labels.mean(axis=0)
    assert data.usual_metric is Metric.MAP_ERROR
    assert data.majority_error["test"] == pytest.approx(1 - shares.mean())
    assert data.facts()["multilabel"] is True
    assert contact_sheet(data.train, tmp_path / "sheet.png") == 3
    fewer = data.with_fewer(5)
    assert len(fewer.train) == 5
    assert fewer.train.labels.any(axis=0).all()

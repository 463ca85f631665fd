"""Image files whose labels are in a table."""

import json
import os

import numpy as np
import pytest

from nas_tc.data import load_data
from nas_tc.errors import DataError
from pictures import picture


@pytest.fixture
def flat(tmp_path):
    """Twenty pictures in a folder: of two classes, and in a column also of three splits."""
    folder = tmp_path / "flat"
    folder.mkdir()
    for i in range(20):
        picture(i).save(folder / f"{i}.png")
    return folder


def table(rows, header="file_name,label", separator=","):
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    return "\n".join(lines).replace(",", separator) + "\n"


def labelled(count=20):
    return [(f"{i}.png", ("cat", "dog")[i % 2]) for i in range(count)]


def by_split(i):
    return "train" if i < 12 else "valid" if i < 16 else "Test"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_metadata_csv_beside_images(flat, separator):
    (flat / "metadata.csv").write_text(table(labelled(), separator=separator), "utf-8-sig")
    data = load_data(f"imagefolder:{flat}")
    assert data.classes == ("cat", "dog")
    assert (len(data.train), len(data.validation), len(data.test)) == (15, 1, 4)
    assert data.remarks[0] == f"labels are from {flat / 'metadata.csv'}"
    assert not any("left out" in line for line in data.remarks)
    seen = {
        image.tobytes(): label
        for image, label in zip(data.train.images, data.train.labels, strict=True)
    }
    right = {np.asarray(picture(i)).tobytes(): i % 2 for i in range(20)}
    assert seen.items() <= right.items()


def test_a_column_tells_the_splits_and_whole_numbers_are_numbers(flat):
    rows = [(f"{i}.png", 10 if i % 2 else 9, by_split(i)) for i in range(20)]
    (flat / "labels.csv").write_text(table(rows, "path,class,split"))
    data = load_data(f"csv:{flat / 'labels.csv'}")
    assert data.classes == ("9", "10")
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 4, 4)
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert np.array_equal(data.test.images[1], np.asarray(picture(17)))


def test_json_lines_in_the_folders_of_splits(tree):
    for split, count in (("train", 20), ("val", 4)):
        lines = [
            json.dumps({"file_name": f"{name}/{i}.png", "label": name == "dog", "box": [1, 2]})
            for name in ("cat", "dog")
            for i in range(count)
        ]
        (tree / split / "metadata.jsonl").write_text("\n".join(lines))
    data = load_data(f"imagefolder:{tree}")
    assert data.classes == ("False", "True")  # not the names of the folders
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 8)


def test_folders_at_the_beginning_of_paths_are_splits(tree):
    paths = [p.relative_to(tree).as_posix() for p in sorted(tree.rglob("*.png"))]
    rows = [(path, path.split("/")[1]) for path in paths]
    (tree / "metadata.csv").write_text(table(rows))
    assert len(load_data(f"imagefolder:{tree}").test) == 8
    (tree / "all.csv").write_text(table(rows))
    assert len(load_data(f"csv:{tree / 'all.csv'}").test) == 8


def test_a_table_without_labels_leaves_them_to_the_folders(tree):
    (tree / "metadata.csv").write_text("file_name,caption\ntrain/cat/0.png,a cat\n")
    data = load_data(f"imagefolder:{tree}")
    assert data.classes == ("cat", "dog")
    assert "left out: 1 .csv" in data.remarks


def test_images_without_a_row_are_counted_and_rows_that_agree_are_one(flat):
    (flat / "metadata.csv").write_text(table([*labelled(18), ("./0.png", "cat")]))
    data = load_data(f"imagefolder:{flat}")
    assert sum(map(len, (data.train, data.validation, data.test))) == 18
    assert "left out: 2 images that metadata.csv does not name" in data.remarks


def test_another_label_is_another_set_in_the_cache(flat, tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("nas_tc.data.cache._FEWEST_IMAGES", 1)
    for spec in (f"csv:{flat / 'metadata.csv'}", f"imagefolder:{flat}"):
        (flat / "metadata.csv").write_text(table(labelled()))
        first = load_data(spec)
        assert first.checksum == load_data(spec).checksum
        (flat / "metadata.csv").write_text(table([("0.png", "dog"), *labelled()[1:]]))
        assert first.checksum != load_data(spec).checksum


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the table has no rows"),
        ("file_name,label\n", "the table has no rows"),
        ("file_name,caption\n0.png,x\n", r"no label column .label.* among file_name, caption"),
        ("name,label\n0.png,x\n", r"no path column .file_name.* among name, label"),
        ("file_name,label,label\n0.png,x,y\n", "the column 'label' is there twice"),
        ("file_name,label\n0.png,x\n1.png\n", "line 3: 1 fields, but 2 columns"),
        ("file_name,label\n0.png,\n", "line 2: the label of '0.png' is missing"),
        ("file_name,label\n ,x\n", "line 2: the path of the image is missing"),
        ("file_name,label\n0,x\n99,y\n", "no file '0' .*2 of 2 images are missing; names lack"),
        ("file_name,label\n0.png,x\n99.png,y\n", "line 3: no file '99.png' in .*; 1 of 2 images"),
        ("file_name,label\n0.png,x\n1.png,y\n0.png,y\n", "line 4: '0.png' has the label 'y', but"),
        ("file_name,label,split\n0.png,x,eval\n", "line 2: split 'eval' is unknown; known: train"),
        ("file_name,label,split\n0.png,x,test\n1.png,y,test\n", "no row is of the split train"),
        ("file_name,label\n0.png,x\n1.png,x\n", "all labels are 'x'"),
        ('file_name,label\n0.png,"' + "x" * 200_000 + '"\n', "line 2: not CSV: field larger"),
        (b"file_name,label\n0.png,\xff\n", "not UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_labels_is_refused(flat, content, message):
    file = flat / "labels.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        load_data(f"csv:{file}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ("[1]", "line 1: not a JSON object"),
        (
            '{"file_name": "0.png", "label": 0.5}',
            "is 0.5; needs a whole number, a name or a list of these",
        ),
        ('{"file_name": "0.png", "label": null}', "the label of '0.png' is missing"),
        ('{"file_name": "../0.png", "label": 1}', "outside of"),
        ('{"file_name": 3, "label": 1}', "the path of the image is missing"),
    ],
)
def test_json_lines_that_are_none_are_refused(flat, line, message):
    (flat / "metadata.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=message):
        load_data(f"imagefolder:{flat}")


def test_tables_that_contradict_the_folder_are_refused(tree):
    (tree / "train" / "metadata.csv").write_text(table([("cat/0.png", "a")]))
    with pytest.raises(DataError, match=r"val: no metadata.csv, but .*train"):
        load_data(f"imagefolder:{tree}")
    (tree / "train" / "metadata.jsonl").write_text("")
    with pytest.raises(DataError, match=r"metadata.csv and metadata.jsonl; keep one"):
        load_data(f"imagefolder:{tree}")


def test_a_missing_or_too_large_file_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"no file .*csv:FILE needs a table"):
        load_data(f"csv:{tmp_path / 'no.csv'}")
    with pytest.raises(DataError, match="lacks its file; write csv:FILE"):
        load_data("csv:")
    file = tmp_path / "large.csv"
    file.touch()
    os.truncate(file, 2**29)
    with pytest.raises(DataError, match="536,870,912 bytes are more than a table"):
        load_data(f"csv:{file}")

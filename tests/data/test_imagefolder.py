"""Images in folders, whole and broken."""

import numpy as np
import pytest

from nas_tc.data import Decoding, load_data
from nas_tc.errors import DataError
from pictures import picture


def test_one_tree_is_split(tree):
    data = load_data(f"imagefolder:{tree / 'train'}")
    assert (len(data.train), len(data.validation), len(data.test)) == (29, 3, 8)
    assert data.classes == ("cat", "dog")
    assert data.shape == (3, 8, 12)


def test_val_alone_is_the_test_set(tree):
    data = load_data(f"imagefolder:{tree}")
    assert (len(data.train), len(data.validation), len(data.test)) == (36, 4, 8)


def test_val_and_test_are_taken_as_they_are(tree):
    (tree / "val").rename(tree / "test")
    (tree / "validation").mkdir()
    for name in ("cat", "dog"):
        (tree / "validation" / name).mkdir()
        picture(7).save(tree / "validation" / name / "a.png")
    data = load_data(f"imagefolder:{tree}")
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 2, 8)


def test_pixels_are_those_of_the_files(tree):
    data = load_data(f"imagefolder:{tree}")
    assert np.array_equal(data.test.images[0], np.asarray(picture(0)))
    assert data.test.labels.tolist() == [0] * 4 + [1] * 4


def test_hidden_files_are_no_images(tree):
    (tree / "train" / "cat" / "._0.png").write_text("left by a file manager")
    (tree / "train" / "cat" / ".thumbs").mkdir()
    picture(0).save(tree / "train" / "cat" / ".thumbs" / "0.png")
    (tree / "train" / "cat" / "folder.png").mkdir()
    assert len(load_data(f"imagefolder:{tree}").train) == 36


def test_what_is_left_out_is_counted_and_named(tree):
    cat = tree / "train" / "cat"
    for name in ("@eaDir", "__MACOSX"):
        (cat / name).mkdir()
        picture(0).save(cat / name / "0.png")
        (tree / "train" / name).mkdir()
    for name in ("1.heic", "2.heic", "Notes.TXT", ".DS_Store"):
        (cat / name).write_text("")
    (tree / "extra").mkdir()
    picture(0).save(tree / "loose.png")
    data = load_data(f"imagefolder:{tree}")
    assert len(data.train) == 36
    (line,) = data.remarks
    assert line.startswith("left out: ")
    assert set(line.removeprefix("left out: ").split(", ")) == {
        "2 @eaDir", "2 __MACOSX", "2 .heic", "1 .txt", "1 hidden", "1 folder extra",
        "1 images outside of all classes",
    }  # fmt: skip


def test_all_endings_of_a_jpeg_are_read(tree):
    (tree / "train" / "cat" / "0.png").unlink()
    picture(0).save(tree / "train" / "cat" / "0.jfif", "JPEG")
    assert load_data(f"imagefolder:{tree}").remarks == ()


def test_links_to_folders_are_followed_and_links_to_nothing_named(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    picture(0).save(elsewhere / "linked.png")
    (tree / "train" / "cat" / "more").symlink_to(elsewhere)
    assert len(load_data(f"imagefolder:{tree}").train) == 37
    (tree / "train" / "cat" / "99.png").symlink_to(tree / "annex" / "missing.png")
    with pytest.raises(DataError, match=r"cat/99\.png: the image is missing.*link to .*missing"):
        load_data(f"imagefolder:{tree}")
    (elsewhere / "round").symlink_to(elsewhere)
    with pytest.raises(DataError, match="a link to a folder that it lies in"):
        load_data(f"imagefolder:{tree}")


def test_a_pointer_of_git_lfs_says_what_it_is(tree):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (tree / "train" / "dog" / "7.png").write_text(pointer)
    with pytest.raises(DataError, match=r"dog/7\.png: .*git lfs pull"):
        load_data(f"imagefolder:{tree}")


def test_masks_beside_images_are_refused(tree):
    for i in range(20):
        picture(i).save(tree / "train" / "cat" / f"{i}.jpg")
    with pytest.raises(DataError, match=r"cat/\d+\.jpg: 20 \.jpg images have a companion"):
        load_data(f"imagefolder:{tree}")
    for i in range(2, 20):  # two of that name are chance
        (tree / "train" / "cat" / f"{i}.jpg").unlink()
        picture(i).save(tree / "train" / "cat" / f"other-{i}.jpg")
    assert len(load_data(f"imagefolder:{tree}").train) == 54


@pytest.mark.parametrize("name", ["{}_mask", "{}_mask_1", "{}-seg", "{} GT", "{}_segmentation"])
def test_masks_by_their_names_are_refused(tree, name):
    for file in list((tree / "train" / "cat").iterdir()):
        picture(1, mode="L").save(file.with_stem(name.format(file.stem)))
    with pytest.raises(DataError, match="20 images are called as masks of others are"):
        load_data(f"imagefolder:{tree}")


def test_a_tree_within_a_folder_of_its_own(tree, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    (outer / "flowers" / ".git").mkdir(parents=True)
    tree.rename(outer / "flowers" / "data")
    data = load_data(f"imagefolder:{outer}")
    assert len(data.train) == 36
    assert data.remarks == (f"read from {outer / 'flowers' / 'data'}", "left out: 1 hidden")


def test_splits_are_not_taken_for_classes(tree):
    (tree / "train").rename(tree / "Training")
    with pytest.raises(DataError, match="Training: is this a class"):
        load_data(f"imagefolder:{tree}")


def test_a_broken_image_is_named(tree):
    (tree / "train" / "dog" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match=r"train/dog/3\.png: "):
        load_data(f"imagefolder:{tree}")


def test_a_truncated_image_is_named(tree):
    whole = (tree / "train" / "cat" / "5.png").read_bytes()
    (tree / "train" / "cat" / "5.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"train/cat/5\.png: the image is broken"):
        load_data(f"imagefolder:{tree}")


def test_classes_that_do_not_fit(tree):
    (tree / "val" / "cow").mkdir()
    with pytest.raises(DataError, match="the class 'cow' is not among the training images"):
        load_data(f"imagefolder:{tree}")
    (tree / "val" / "cow").rename(tree / "train" / "cow")
    with pytest.raises(DataError, match=r"cow: no images; .*; add some, or remove the folder"):
        load_data(f"imagefolder:{tree}")


def test_splits_that_are_missing(tree):
    (tree / "val").rename(tree / "other")
    with pytest.raises(DataError, match="neither test/ nor val/"):
        load_data(f"imagefolder:{tree}")
    with pytest.raises(DataError, match="two classes or more, not 0"):
        load_data(f"imagefolder:{tree / 'train' / 'cat'}")


def test_where_no_image_can_be_read_the_reason_of_the_first_is_told(tree):
    for file in tree.rglob("*.png"):
        file.write_text("hello")
    with pytest.raises(DataError, match=r"none of 36 .*the first: .*cat/.*png: not an image"):
        load_data(f"imagefolder:{tree}", decoding=Decoding(broken=[]))

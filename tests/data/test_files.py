"""Images as files: folders and parquet, whole and broken."""

import io
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from nas_tc.data import Decoding, load_data
from nas_tc.data.decode import decode_images, settle_conversion, settle_shape
from nas_tc.data.memory import check_memory
from nas_tc.data.sources import Contents, Files
from nas_tc.errors import DataError


def picture(seed, size=(12, 8), mode="RGB"):
    random = np.random.default_rng(seed)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    return Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8), mode)


def decoded(images):
    pixels = np.empty((len(images), *settle_shape(images, None, Decoding())), dtype=np.uint8)
    conversion = settle_conversion(images, Decoding(), (255, 255, 255))
    decode_images(images, pixels, Decoding(), conversion=conversion)
    return pixels


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_parquet(path, count, column="img", wrap=True, start=0, mode="RGB", labels=None):
    contents = [png(picture(start + i, mode=mode)) for i in range(count)]
    images = [{"bytes": c, "path": None} for c in contents] if wrap else contents
    labels = [i % 2 for i in range(count)] if labels is None else labels
    pa.parquet.write_table(pa.table({column: images, "label": labels}), path)


@pytest.fixture
def tree(tmp_path):
    for split, count in (("train", 20), ("val", 4)):
        for number, name in enumerate(("cat", "dog")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                picture(100 * number + i).save(folder / f"{i}.png")
    return tmp_path


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


def test_images_are_scaled_and_cut_to_the_middle(tree):
    assert load_data(f"imagefolder:{tree}", side=(16, 16)).shape == (3, 16, 16)


def test_grey_images_have_one_channel(tmp_path):
    write_parquet(tmp_path / "train.parquet", 20, mode="L")
    write_parquet(tmp_path / "test.parquet", 4, mode="L")
    assert load_data(f"parquet:{tmp_path}").shape == (1, 8, 12)


def test_one_grey_image_among_colours_does_not_make_all_grey(tree):
    picture(5, mode="L").save(tree / "train" / "cat" / "0.png")
    assert load_data(f"imagefolder:{tree}").shape == (3, 8, 12)


def test_photos_are_turned_upright(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # held upright: the stored picture lies on its side
    image = picture(3)
    image.save(tmp_path / "photo.png", exif=turned)
    pixels = decoded(Files([tmp_path / "photo.png"]))
    assert np.array_equal(pixels[0], np.asarray(image.rotate(-90, expand=True)))


def test_images_of_an_unknown_scale_are_refused():
    buffer = io.BytesIO()
    Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(buffer, "TIFF")
    with pytest.raises(DataError, match="photo, row 0: the image has 32 bits a pixel"):
        decoded(Contents([buffer.getvalue()], "photo", np.arange(1)))


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


def test_a_tree_within_a_folder_of_its_own(tree, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    tree.rename(outer / "data")
    data = load_data(f"imagefolder:{outer}")
    assert len(data.train) == 36
    assert data.remarks == (f"read from {outer / 'data'}",)


def test_splits_are_not_taken_for_classes(tree):
    (tree / "train").rename(tree / "Training")
    with pytest.raises(DataError, match="Training: is this a class"):
        load_data(f"imagefolder:{tree}")


def deep(values, mode="I;16"):
    """A TIFF of 16-bit grey with one row."""
    buffer = io.BytesIO()
    order = ">u2" if mode == "I;16B" else "<u2"
    content = np.array(values, dtype=order).tobytes()
    Image.frombytes(mode, (len(values), 1), content).save(buffer, "TIFF")
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bits_of_grey_are_scaled_by_their_range(mode):
    contents = [deep([0, 13107, 65535], mode), deep([26214, 39321, 52428], mode)]
    pixels = decoded(Contents(contents, "deep", np.arange(2)))
    assert pixels[..., 0].tolist() == [[[0, 51, 255]], [[102, 153, 204]]]


def test_the_range_of_16_bits_is_that_of_training(tmp_path):
    """As a sensor of 10 bits writes it: a shift by eight would leave 1 and 2."""
    for split, low in (("train", 300), ("test", 250)):
        for number, name in enumerate(("cat", "dog")):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(20):
                pixels = np.full((4, 4), low + 400 * number, dtype=np.uint16)
                Image.fromarray(pixels).save(tmp_path / split / name / f"{i}.png")
    data = load_data(f"imagefolder:{tmp_path}")
    assert data.grey_range == (300, 700)
    assert set(np.unique(data.train.images)) == {0, 255}
    assert data.test.images.min() == 0  # below the range: cut
    assert data.test.images.max() == 223
    assert data.remarks == ("16-bit grey: 300 to 700, the range of training, became 0 to 255",)
    picture(0, (4, 4), "L").save(tmp_path / "test" / "cat" / "0.png")
    with pytest.raises(DataError, match=r"test/cat/0\.png: 8 bits a pixel, .* has 16"):
        load_data(f"imagefolder:{tmp_path}")


def test_16_bits_of_grey_among_8_are_refused(tree):
    Image.fromarray(np.full((8, 12), 999, dtype=np.uint16)).save(tree / "train" / "cat" / "3.png")
    with pytest.raises(DataError, match=r"cat/3\.png: 16 bits a pixel, .* has 8"):
        load_data(f"imagefolder:{tree}")


def test_pgm_of_16_bits_is_grey(tmp_path):
    header = b"P5 3 1 1000 "
    (tmp_path / "a.pgm").write_bytes(header + np.array([0, 500, 1000], ">u2").tobytes())
    pixels = decoded(Files([tmp_path / "a.pgm"]))
    assert pixels[0, 0, :, 0].tolist() == [0, 128, 255]


def glyph(mode):
    """Black on transparency, or white in the middle of it."""
    layers = Image.new("RGBA", (3, 1), (0, 0, 0, 0))
    layers.putpixel((1, 0), (0, 0, 0, 255))
    if mode == "P":  # a palette with a transparent entry
        image = Image.new("P", (3, 1), 0)
        image.putpalette([0, 0, 0, 0, 0, 0])
        image.putpixel((1, 0), 1)
        image.info["transparency"] = 0
        return image
    return layers.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_images_are_composed_on_the_background(tree, mode):
    for file in tree.rglob("*.png"):
        glyph(mode).save(file)
    data = load_data(f"imagefolder:{tree}")
    assert data.train.images[0, 0].tolist() == [[255] * 3, [0] * 3, [255] * 3]
    assert data.remarks == ("transparency: 48 images were composed on white",)
    grey = load_data(f"imagefolder:{tree},background=#102030")
    assert grey.train.images[0, 0].tolist() == [[16, 32, 48], [0] * 3, [16, 32, 48]]
    assert grey.name.endswith(",background=#102030")
    with pytest.raises(DataError, match="background=blak: no colour; write a name as black"):
        load_data(f"imagefolder:{tree},background=blak")


def test_opaque_images_with_an_alpha_channel_are_as_they_are(tree):
    for file in tree.rglob("*.png"):
        Image.open(file).convert("RGBA").save(file)
    data = load_data(f"imagefolder:{tree}")
    assert np.array_equal(data.test.images[0], np.asarray(picture(0)))
    assert data.remarks == ()


def test_of_several_frames_the_first_is_taken_with_a_word(tree):
    frames = [picture(i) for i in range(3)]
    file = tree / "train" / "cat" / "film.gif"
    frames[0].save(file, save_all=True, append_images=frames[1:])
    frames[0].save(tree / "train" / "cat" / "film.tif", save_all=True, append_images=frames[1:])
    assert load_data(f"imagefolder:{tree}").remarks == (
        "several frames: of 2 images the first was taken",
    )


def test_colours_that_cannot_be_converted_are_named(tree):
    for file in tree.rglob("*.png"):
        picture(1, mode="L").save(file)
    Image.new("LAB", (12, 8)).save(tree / "val" / "cat" / "9.tif")  # which does not go into grey
    with pytest.raises(DataError, match=r"val/cat/9\.tif: .*LAB.*; save the image as RGB"):
        load_data(f"imagefolder:{tree}")
    broken = []
    load_data(f"imagefolder:{tree}", decoding=Decoding(broken=broken))
    assert len(broken) == 1


@pytest.mark.parametrize("error", [struct.error("unpack"), EOFError("end"), KeyError(274)])
def test_notes_that_make_no_sense_are_those_of_a_broken_image(tree, monkeypatch, error):
    def confused(image):
        raise error

    monkeypatch.setattr("nas_tc.data.pixels.ImageOps.exif_transpose", confused)
    with pytest.raises(DataError, match=r"cat/.*\.png: the image is broken"):
        load_data(f"imagefolder:{tree}")


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
    with pytest.raises(DataError, match="cow: no images"):
        load_data(f"imagefolder:{tree}")


def test_splits_that_are_missing(tree):
    (tree / "val").rename(tree / "other")
    with pytest.raises(DataError, match="neither test/ nor val/"):
        load_data(f"imagefolder:{tree}")
    with pytest.raises(DataError, match="two classes or more, not 0"):
        load_data(f"imagefolder:{tree / 'train' / 'cat'}")


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
        ("good", [[0], [1]], r"row 0: a label is a whole number or a name, not \[0\]"),
    ],
)
def test_a_broken_row_is_named(tmp_path, content, labels, complaint):
    write_parquet(tmp_path / "train.parquet", 20)
    last = png(picture(1)) if content == "good" else content
    table = pa.table({"img": [png(picture(0)), last], "label": labels})
    pa.parquet.write_table(table, tmp_path / "test.parquet")
    with pytest.raises(DataError, match=complaint):
        load_data(f"parquet:{tmp_path}")


def test_more_than_fits_in_memory_is_refused():
    with pytest.raises(DataError, match=r"30 % of the free memory is .* GiB"):
        check_memory(2**60, 10**9)
    with pytest.raises(DataError, match=r"take 2\.0 MiB and the limit is 1\.0 MiB"):
        check_memory(2**21, 10, 2**20)


def test_cifar10(cifar10):
    limit = Decoding(memory_limit=10**8)  # bytes: the images that are not asked for stay encoded
    data = load_data(f"parquet:{cifar10}", train_images=1000, decoding=limit)
    assert (len(data.train), len(data.validation), len(data.test)) == (1000, 5000, 10000)
    assert (data.shape, len(data.classes)) == ((3, 32, 32), 10)

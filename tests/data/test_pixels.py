"""Pixels of image files: sizes, colours, transparency, 16 bits, several frames."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from nas_tc.data import Decoding, load_data
from nas_tc.data.pixels import mode_of, open_image
from nas_tc.data.prepare import in_16_bits
from nas_tc.data.sources import Contents, Files
from nas_tc.errors import DataError
from pictures import decoded, deep_png, picture, write_parquet


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


def test_16_bits_of_bright_colour_are_their_upper_8(tree):
    for file in (tree / "train").rglob("*.png"):
        file.write_bytes(deep_png(np.array([[[0, 32767, 65535]] * 3])))
    data = load_data(f"imagefolder:{tree}")
    assert set(data.train.images.flatten().tolist()) == {0, 127, 255}
    assert data.remarks == ("16-bit colour: of 40 images the upper 8 bits were taken",)
    assert data.colour_range is None


def test_16_bits_of_dark_colour_are_scaled_by_their_range(tree):
    for file in tree.rglob("*.png"):
        file.write_bytes(deep_png(np.array([[[100, 355, 610]] * 12])))
    data = load_data(f"imagefolder:{tree}")
    assert data.test.images[0, 0, 0].tolist() == [0, 128, 255]
    assert data.colour_range == (100, 610)
    assert data.remarks == ("16-bit colour: 100 to 610, the range of training, became 0 to 255",)
    picture(0).save(tree / "val" / "cat" / "0.png")
    with pytest.raises(DataError, match=r"cat/0\.png: 8 bits a colour, .* training images have 16"):
        load_data(f"imagefolder:{tree}")
    file = tree / "train" / "cat" / "3.png"
    picture(0).save(file)  # among images of 8 bits nobody knows the scale
    (remark,) = load_data(f"imagefolder:{tree}").remarks
    assert remark.endswith("most of their levels are lost")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_all_16_bits_of_a_tiff_are_read(tmp_path, order, channels):
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, channels)).astype("u2")
    pixels = values.astype(f"{order}u2").tobytes()
    entries = [(256, 4, 7), (257, 4, 5), (258, 3, 16), (259, 3, 1), (262, 3, 2), (273, 4, 8),
               (277, 3, channels), (278, 4, 5), (279, 4, len(pixels))]  # fmt: skip
    if channels == 4:
        entries.append((338, 3, 2))  # the fourth is alpha
    # Of 16 bits each: the number of bits is a list, which lies behind the entries.
    end = 8 + len(pixels) + 2 + 12 * len(entries) + 4
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, value in entries:
        count = channels if tag == 258 else 1
        content = (
            struct.pack(f"{order}I", end)
            if tag == 258
            else struct.pack(
                f"{order}HH" if kind == 3 else f"{order}I", *((value, 0) if kind == 3 else (value,))
            )
        )
        directory += struct.pack(f"{order}HHI", tag, kind, count) + content
    file = tmp_path / "deep.tif"
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    file.write_bytes(head + pixels + directory + bytes(4) + bits)
    with Image.open(file) as upper, Image.open(file) as lower:
        assert np.array_equal(in_16_bits(upper, lower), values)


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

    monkeypatch.setattr("nas_tc.data.prepare.ImageOps.exif_transpose", confused)
    with pytest.raises(DataError, match=r"cat/.*\.png: the image is broken"):
        load_data(f"imagefolder:{tree}")


def test_a_few_bytes_hold_no_large_image():
    """A header can claim what it likes, and a decoder would ask for the memory first."""
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "BMP")
    content = bytearray(file.getvalue())
    content[18:26] = struct.pack("<ii", 9_000, 9_000)
    with pytest.raises(DataError, match=r"broken: 9000 x 9000 pixels in .* bytes"):
        open_image(bytes(content), "a.bmp")
    assert mode_of(bytes(content)) == ""
    blank = io.BytesIO()
    Image.new("1", (6000, 6000)).save(blank, "PNG")  # as a scanner makes it
    assert open_image(blank.getvalue(), "page.png").size == (6000, 6000)

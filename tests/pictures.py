"""Small pictures for tests, as images, files and parquet."""

import io
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from PIL import Image

from nas_tc.data import Decoding
from nas_tc.data.decode import decode_images
from nas_tc.data.settle import settle_conversion, settle_shape


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


def deep_png(values):
    """A PNG of 16 bits a colour, (height, width, 3 or 4), which Pillow cannot write."""
    height, width, channels = values.shape

    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def write_parquet(path, count, column="img", wrap=True, start=0, mode="RGB", labels=None):
    contents = [png(picture(start + i, mode=mode)) for i in range(count)]
    images = [{"bytes": c, "path": None} for c in contents] if wrap else contents
    labels = [i % 2 for i in range(count)] if labels is None else labels
    pa.parquet.write_table(pa.table({column: images, "label": labels}), path)

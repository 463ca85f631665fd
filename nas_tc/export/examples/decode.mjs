// Reads PNG and JPEG files into pixels, red, green, blue and opacity, turned as their EXIF note says.
import jpeg from "jpeg-js";
import { PNG } from "pngjs";

const ORIENTATION = 0x0112; // tag of EXIF: how the camera was held

// Bytes of a file -> { width, height, data }, and `grey16` of an image with 16 bits of grey.
export function decode(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const image = jpeg.decode(bytes, { useTArray: true, maxMemoryUsageInMB: 4096 });
    return upright(image, orientation(image.exifBuffer));
  }
  if (bytes[0] !== 0x89 || bytes[1] !== 0x50) {
    throw new Error("neither PNG nor JPEG: convert the image");
  }
  const has16Bits = bytes[24] === 16;
  const { width, height, data, colorType } = PNG.sync.read(bytes, { skipRescale: has16Bits });
  const isGrey = has16Bits && colorType === 0;
  const image = {
    width,
    height,
    data: has16Bits ? Uint8Array.from(data, (value) => value >> 8) : data,
    grey16: isGrey ? Uint16Array.from({ length: width * height }, (_, at) => data[4 * at]) : null,
  };
  return upright(image, exifOfPng(bytes));
}

function exifOfPng(bytes) {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "eXIf") {
      return orientation(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
    }
  }
  return 1;
}

// 1 to 8, from a block of EXIF, with or without the "Exif" in front of it.
function orientation(exif) {
  if (!exif || exif.length < 14) return 1;
  const block = Buffer.from(exif);
  const tiff = block.toString("latin1", 0, 4) === "Exif" ? block.subarray(6) : block;
  const isLittle = tiff[0] === 0x49;
  const short = (at) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const start = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  for (let entry = 0; entry < short(start); entry += 1) {
    const at = start + 2 + 12 * entry;
    if (short(at) === ORIENTATION) return short(at + 8);
  }
  return 1;
}

function upright(image, turned) {
  if (turned < 2 || turned > 8) return image;
  const { width, height } = image;
  const isTurned = turned > 4; // by 90 degrees
  const [wide, high] = isTurned ? [height, width] : [width, height];
  const data = new Uint8Array(4 * wide * high);
  const grey16 = image.grey16 && new Uint16Array(wide * high);
  for (let y = 0; y < high; y += 1) {
    for (let x = 0; x < wide; x += 1) {
      let [column, row] = isTurned ? [y, x] : [x, y];
      if ([2, 3, 7, 8].includes(turned)) column = width - 1 - column;
      if ([3, 4, 6, 7].includes(turned)) row = height - 1 - row;
      const from = row * width + column;
      const to = y * wide + x;
      for (let part = 0; part < 4; part += 1) data[4 * to + part] = image.data[4 * from + part];
      if (grey16) grey16[to] = image.grey16[from];
    }
  }
  return { width: wide, height: high, data, grey16 };
}

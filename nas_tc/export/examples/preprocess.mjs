// Prepares images as the training has seen them: the arithmetic of preprocess.py and Pillow, with
// the same integers. Needs nothing else, so it runs in browsers as well.

// { width, height, data } with red, green, blue and opacity in 0 to 255 -> values of the network's
// input, (1, channels, height, width), 0 to 1, as a Float32Array.
export function preprocess(image, settings) {
  const { channels, height, width } = settings;
  let pixels = toScale(image, settings);
  if (channels === 1 && pixels.channels === 3) pixels = toGrey(pixels);
  if (channels === 3 && pixels.channels === 1) pixels = toColour(pixels);
  const { decoded_height: high = height, decoded_width: wide = width } = settings;
  if (pixels.width !== wide || pixels.height !== high) {
    pixels = resized(pixels, wide, high, settings);
  }
  if (wide !== width || high !== height) pixels = rescaled(pixels, width, height);
  const values = new Float32Array(channels * height * width);
  const area = height * width;
  for (let at = 0; at < area; at += 1) {
    for (let part = 0; part < channels; part += 1) {
      values[part * area + at] = pixels.data[at * channels + part] / 255;
    }
  }
  return values;
}

// Scores -> "cat (93.1 %)"; of several labels all that are likelier than not.
export function named(scores, settings) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  if (settings.probabilities === "sigmoid") {
    const shares = scores.map((score) => 1 / (1 + Math.exp(-score)));
    const found = settings.classes.flatMap((name, at) =>
      shares[at] > settings.threshold ? [`${name} (${percent(shares[at])})`] : [],
    );
    return found.join(", ") || "none";
  }
  const most = Math.max(...scores);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
  return `${settings.classes[scores.indexOf(most)]} (${percent(1 / total)})`;
}

// 8 bits a channel, and nothing transparent.
function toScale({ width, height, data, grey16 }, settings) {
  const { background, grey_range: greyRange } = settings;
  if (settings.colour_range) {
    throw new Error("the training images have 16 bits a colour, which classify_onnx.py reads");
  }
  const area = width * height;
  if (Boolean(grey16) !== Boolean(greyRange)) {
    throw new Error(`${grey16 ? 16 : 8} bits a pixel, and the training images have others`);
  }
  if (grey16) {
    const [low, high] = greyRange;
    const factor = 255 / Math.max(1, high - low);
    const scaled = Uint8Array.from(grey16, (value) =>
      Math.min(255, Math.max(0, roundedToEven((value - low) * factor))),
    );
    return { width, height, channels: 1, data: scaled };
  }
  const found = new Uint8Array(3 * area);
  for (let at = 0; at < area; at += 1) {
    const opacity = data[4 * at + 3];
    if (opacity < 255 && !background) {
      throw new Error("the image is transparent, and nobody knows on which background it is");
    }
    for (let part = 0; part < 3; part += 1) {
      const colour = data[4 * at + part];
      found[3 * at + part] = opacity === 255 ? colour : blend(colour, background[part], opacity);
    }
  }
  return { width, height, channels: 3, data: found };
}

function roundedToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

// Pillow's Image.alpha_composite on an opaque ground, in its integers.
function blend(colour, ground, opacity) {
  const share = Math.floor((opacity * 255 * 255 * 128) / (255 * 255));
  const sum = colour * share + ground * (255 * 128 - share) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}

// Luma of ITU-R 601, as Pillow rounds it.
function toGrey({ width, height, data }) {
  const grey = new Uint8Array(width * height);
  for (let at = 0; at < grey.length; at += 1) {
    const [red, green, blue] = data.subarray(3 * at, 3 * at + 3);
    grey[at] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}

function toColour({ width, height, data }) {
  const colour = Uint8Array.from({ length: 3 * data.length }, (_, at) => data[Math.floor(at / 3)]);
  return { width, height, channels: 3, data: colour };
}

// Pillow's ImageOps.fit or Image.resize: a filter that grows with the reduction, so that it smooths.
// Pillow 13 filters tall images down before across: some of their values differ by one level of 255.
function resized(image, width, height, { resample, is_cut: isCut }) {
  let [left, top, right, bottom] = [0, 0, image.width, image.height];
  const wanted = width / height;
  if (isCut && image.width / image.height > wanted) {
    left = (image.width - wanted * image.height) * 0.5;
    right = left + wanted * image.height;
  } else if (isCut && image.width / image.height < wanted) {
    top = (image.height - image.width / wanted) * 0.5;
    bottom = top + image.width / wanted;
  }
  const across = taps(image.width, left, right, width, resample);
  const down = taps(image.height, top, bottom, height, resample);
  const isWide = width !== image.width || left !== 0 || right !== width;
  const isHigh = height !== image.height || top !== 0 || bottom !== height;
  const narrowed = isWide ? filtered(image, across, true) : image;
  return isHigh ? filtered(narrowed, down, false) : narrowed;
}

// torch's antialiased bilinear filter, from the size of the search's images to the network's own.
function rescaled(image, width, height) {
  const narrowed =
    width === image.width ? image : filtered(image, coarseTaps(image.width, width), true);
  if (height === image.height) return narrowed;
  return filtered(narrowed, coarseTaps(image.height, height), false);
}

// Like `taps`, with as many bits as fit into 16 with a sign.
function coarseTaps(side, count) {
  const scale = side / count;
  const reach = Math.max(1, scale);
  const found = Array.from({ length: count }, (_, at) => {
    const centre = scale * (at + 0.5);
    const low = Math.max(0, Math.trunc(centre - reach + 0.5));
    const high = Math.min(side, Math.trunc(centre + reach + 0.5));
    const weights = [];
    for (let from = low; from < high; from += 1) {
      weights.push(Math.max(0, 1 - Math.abs((from - centre + 0.5) / reach)));
    }
    const total = weights.reduce((sum, each) => sum + each, 0);
    return { low, shares: weights.map((each) => each / total) };
  });
  const greatest = Math.max(...found.flatMap(({ shares }) => shares));
  let bits = 0;
  while (bits < BITS - 1 && Math.trunc(0.5 + greatest * 2 ** (bits + 1)) < 2 ** 15) bits += 1;
  return found.map(({ low, shares }) => {
    return { low, bits, whole: shares.map((share) => Math.trunc(share * 2 ** bits + 0.5)) };
  });
}

const BITS = 22; // of the fraction of a weight

// First input position and whole-numbered weights of each output position.
function taps(side, start, end, count, resample) {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const scale = Math.fround(last - first) / count;
  const stretch = Math.max(1, scale);
  const [weigh, reach] = resample === "bicubic" ? [bicubic, 2] : [bilinear, 1];
  return Array.from({ length: count }, (_, at) => {
    const centre = first + (at + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const high = Math.min(side, Math.trunc(centre + reach * stretch + 0.5));
    const weights = [];
    for (let from = low; from < high; from += 1) {
      weights.push(weigh((from - centre + 0.5) * (1 / stretch)));
    }
    const total = weights.reduce((sum, each) => sum + each, 0);
    const whole = weights.map((each) => {
      const exact = (total ? each / total : each) * 2 ** BITS;
      return Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    });
    return { low, bits: BITS, whole };
  });
}

function filtered(image, places, isAcross) {
  const { channels } = image;
  const [width, height] = isAcross
    ? [places.length, image.height]
    : [image.width, places.length];
  const [step, line] = isAcross ? [channels, image.width] : [image.width * channels, image.width];
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const { low, bits, whole } = places[isAcross ? x : y];
      const start = isAcross ? (y * line + low) * channels : (low * line + x) * channels;
      for (let part = 0; part < channels; part += 1) {
        let sum = 2 ** (bits - 1);
        for (let tap = 0; tap < whole.length; tap += 1) {
          sum += image.data[start + tap * step + part] * whole[tap];
        }
        data[(y * width + x) * channels + part] = Math.min(255, Math.max(0, sum >> bits));
      }
    }
  }
  return { width, height, channels, data };
}

function bilinear(at) {
  return Math.max(0, 1 - Math.abs(at));
}

function bicubic(at) {
  const [sharpness, x] = [-0.5, Math.abs(at)];
  if (x < 1) return ((sharpness + 2) * x - (sharpness + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * sharpness : 0;
}

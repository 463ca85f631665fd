// Prints the class of image files (PNG and JPEG), in JavaScript alone:
//
//     npm install onnxruntime-web pngjs jpeg-js
//     node classify.mjs photo.jpg
//     node classify.mjs --model network.int8.onnx photo.jpg
//
// In a browser, preprocess.mjs takes what a canvas gives: context.getImageData(0, 0, width, height).
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { decode } from "./decode.mjs";
import { named, preprocess } from "./preprocess.mjs";

const beside = (name) => readFileSync(new URL(name, import.meta.url));
const settings = JSON.parse(beside("preprocess.json"));
let files = process.argv.slice(2);
let model = beside("network.onnx");
if (files[0] === "--model") {
  model = readFileSync(files[1]);
  files = files.slice(2);
}
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(model);
const shape = [1, settings.channels, settings.height, settings.width];
for (const file of files) {
  const values = preprocess(decode(readFileSync(file)), settings);
  const { scores } = await session.run({ images: new ort.Tensor("float32", values, shape) });
  console.log(`${file}: ${named(Array.from(scores.data), settings)}`);
}

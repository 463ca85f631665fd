// Prepares the image files that it is given, and prints the values of each, 0 to 255, as hex.
import { readFileSync } from "node:fs";
import { decode } from "./decode.mjs";
import { preprocess } from "./preprocess.mjs";

const settings = JSON.parse(readFileSync("preprocess.json"));
for (const file of process.argv.slice(2)) {
  const values = preprocess(decode(readFileSync(file)), settings);
  const whole = Uint8Array.from(values, (value) => Math.round(value * 255));
  console.log(Buffer.from(whole).toString("hex"));
}

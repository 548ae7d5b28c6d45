// What the page's reader makes of each file named: the samples' digest, or the reason why not.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeWav } from "../../book/live/wav.js";

/** @param {string} path */
function read(path) {
  const file = Uint8Array.from(readFileSync(path)).buffer;
  try {
    const { rate, samples, note } = decodeWav(file);
    return { rate, note, sha256: createHash("sha256").update(samples).digest("hex") };
  } catch (error) {
    return { reason: error.message };
  }
}

console.log(JSON.stringify(process.argv.slice(2).map(read)));

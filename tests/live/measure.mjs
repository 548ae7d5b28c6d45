// What each of a minute's hops costs under V8, the fastest of some runs: other programs that wait
// for the same processor change nothing then. Usage: node measure.mjs denoiser.wasm
import fs from "node:fs";
import { Denoiser } from "../../book/live/denoiser.js";
import { toPcm } from "../../book/live/pcm.js";
import { Recent } from "../../book/live/statistics.js";
import { noise } from "./tones.mjs";

const HOPS = 3750, RUNS = 7;
const denoiser = new Denoiser(fs.readFileSync(process.argv[2]));
const pcm = toPcm(noise(256 * HOPS)), fastest = new Float64Array(HOPS).fill(Infinity);
for (let run = 0; run < RUNS; run++) {
  denoiser.reset();
  for (let hop = 0; hop < HOPS; hop++) {
    denoiser.input.set(pcm.subarray(256 * hop, 256 * (hop + 1)));
    const begin = performance.now();
    denoiser.process();
    fastest[hop] = Math.min(fastest[hop], performance.now() - begin);
  }
}
const recent = new Recent(HOPS);
fastest.forEach((milliseconds) => recent.add(milliseconds));
const [median, most] = [0.5, 0.99].map((share) => recent.quantile(share).toFixed(3));
console.log(`${median} ms (median), ${most} ms (99th percentile) of ${recent.count} hops`);

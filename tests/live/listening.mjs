// Numbers of the blind test, to be compared with Python's. Usage: node listening.mjs ROUNDS PCM
import fs from "node:fs";
import { interval } from "../../book/live/abx.js";
import { activeLevel } from "../../book/live/statistics.js";

const rounds = Number(process.argv[2]), bytes = Uint8Array.from(fs.readFileSync(process.argv[3]));
const intervals = Array.from({ length: rounds + 1 }, (_, right) => interval(right, rounds));
console.log(JSON.stringify({ intervals, level: activeLevel(new Int16Array(bytes.buffer)) }));

// Fuzz a target in JavaScript: in_node.mjs TARGET [OPTIONS OF LIBFUZZER] CORPUS …
// It is guided by V8's own counts of what ran, and needs Node alone: Jazzer.js 4 asks for a C library
// that is newer than that of Debian 12.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ODD = [0, 1, 2, 3, 16, 0x7f, 0x80, 0xff, 0xfffe, 0xffff, 0x7fff0000, 0x7fffffff, 0x80000000, 0xffffffff];
const [target, ...rest] = process.argv.slice(2);
const folders = rest.filter((word) => !word.startsWith("-"));
const options = Object.fromEntries(rest.map((word) => word.slice(1).split("=")));
const begin = Date.now(), end = begin + 1000 * Number(options.max_total_time), longest = Number(options.max_len);
const session = new Session(), seen = new Set(), corpus = [];
let executed = 0;
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
const { fuzz } = await import(pathToFileURL(resolve(target)).href);

/** Of each function of the page that ran: its stretches, and how often each, to a power of two. */
function ways() {
  const found = [];
  session.post("Profiler.takePreciseCoverage", (_, { result }) => {
    for (const { url, functions } of result.filter(({ url }) => url.includes("/book/live/")))
      for (const { ranges } of functions)
        found.push([url, ...ranges.map((r) => [r.startOffset, r.endOffset, 32 - Math.clz32(r.count)])].join());
  });
  return found;
}

/** @param {string} folder @param {string} kind @param {Buffer} data */
function keep(folder, kind, data) {
  writeFileSync(folder + kind + createHash("sha1").update(data).digest("hex"), data);
}

/** Whether the input went a way that none went before. @param {Buffer} data */
function goesNew(data) {
  executed++;
  try {
    fuzz(data);
  } catch (error) {
    keep(options.artifact_prefix ?? "./", "crash-", data);
    console.error(error);
    report();
    process.exit(77);
  }
  const before = seen.size;
  for (const way of ways()) seen.add(way);
  return seen.size > before;
}

const below = (/** @type {number} */ most) => Math.floor(Math.random() * most);
const any = (/** @type {any} */ list) => list[below(list.length)];

/** One thing changed. @param {Buffer} data */
function changed(data) {
  const at = below(data.length), to = at + below(data.length - at), bytes = 2 ** below(3);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(any([...ODD, data.length, below(256)]) >>> 0);
  const behind = data.subarray(Math.min(at + bytes, data.length));
  return any([
    () => Buffer.concat([data.subarray(0, at), number.subarray(0, bytes), behind]),
    () => Buffer.concat([data.subarray(0, at), data.subarray(to)]),
    () => Buffer.concat([data.subarray(0, at), any(corpus).subarray(at, to), data.subarray(at)]),
    () => data.subarray(0, to),
  ])();
}

function report() {
  console.error(`#${executed} DONE ft: ${seen.size} corp: ${corpus.length}`);
  console.error(`Done ${executed} runs in ${Math.round((Date.now() - begin) / 1000)} second(s)`);
  console.error(`stat::number_of_executed_units: ${executed}`);
}

for (const folder of folders)
  for (const name of readdirSync(folder)) {
    const data = readFileSync(join(folder, name));
    if (goesNew(data)) corpus.push(data);
  }
while (Date.now() < end) {
  let data = any(corpus);
  for (let times = 1 + below(4); times; times--) data = changed(data);
  data = data.subarray(0, longest);
  if (goesNew(data)) {
    corpus.push(data);
    keep(`${folders[0]}/`, "", data);
  }
}
report();

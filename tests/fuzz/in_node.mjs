// Fuzz a target in JavaScript: in_node.mjs TARGET [OPTIONS OF LIBFUZZER] CORPUS …, or FILE … to try these once.
// It is guided by V8's own counts of what ran, and needs Node alone: Jazzer.js 4 asks for a C library
// that is newer than that of Debian 12.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

const ODD = [0, 1, 2, 3, 16, 0x7f, 0x80, 0xff, 0xfffe, 0xffff, 0x7fff0000, 0x7fffffff, 0x80000000, 0xffffffff];
const [target, ...rest] = process.argv.slice(2);
const places = rest.filter((word) => !word.startsWith("-"));
const options = Object.fromEntries(rest.map((word) => word.slice(1).split("=")));
const longest = Number(options.max_len), once = new Script("fuzz(input)");
const session = new Session(), seen = new Set(), corpus = [];
let executed = 0, end = Date.now() + 1000 * Number(options.max_total_time ?? 0);
process.on("SIGTERM", () => (end = 0));
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
globalThis.fuzz = (await import(pathToFileURL(resolve(target)).href)).fuzz;

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

/** @param {string} beginning of its name @param {Buffer} data */
function keep(beginning, data) {
  writeFileSync(beginning + createHash("sha1").update(data).digest("hex"), data);
}

/** Whether the input went a way that none went before. @param {Buffer} data */
function goesNew(data) {
  executed++;
  try {
    globalThis.input = data;
    once.runInThisContext({ timeout: 1000 * (options.timeout ?? 1200) });
  } catch (error) {
    const kind = error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT" ? "timeout-" : "crash-";
    if (options.artifact_prefix) keep(options.artifact_prefix + kind, data);
    console.error(error);
    report("DONE");
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

/** @param {string} why */
function report(why) {
  console.error(`#${executed}\t${why} ft: ${seen.size} corp: ${corpus.length}`);
}

for (const place of places)
  for (const name of statSync(place).isDirectory() ? readdirSync(place) : [""]) {
    const data = readFileSync(join(place, name));
    if (goesNew(data)) corpus.push(data);
  }
while (Date.now() < end) {
  let data = any(corpus);
  for (let times = 1 + below(4); times; times--) data = changed(data);
  data = data.subarray(0, longest);
  if (goesNew(data)) {
    corpus.push(data);
    keep(`${places[0]}/`, data);
    report("NEW");
  }
  await setImmediate(); // lets SIGTERM in
}
report("DONE");

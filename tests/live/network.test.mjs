import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Network, readNetwork } from "../../book/live/network.js";

const MODULE = new Uint8Array(fs.readFileSync(process.env.DENOISER_WASM));
const own = new Network("tiny", MODULE.buffer);
const latin = new TextDecoder("latin1");

/** Take some bytes for a file. */
const read = (bytes) => readNetwork(new File([bytes], "mine.wasm"), own);

/** The module with other bytes where a text begins. */
function patched(text, replacement, offset = 0) {
  const bytes = MODULE.slice(), at = latin.decode(MODULE).indexOf(text) + offset;
  assert.ok(at > offset);
  bytes.set(replacement, at);
  return bytes;
}

const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** What is said of a module whose version ends in 9. */
const NEWER = new RegExp(`is of version ${own.version.slice(0, -1)}9, and this page of ${own.version}: export it`);

/** The module of another model: its name is no part of what the self-test looks at. */
const renamed = () => patched(own.digits, ascii("0123456789ab"));

test("a network has the name of its file and the digits that its module carries", async () => {
  const network = await read(renamed());
  assert.equal(`${network}`, "mine, model 0123456789ab");
  assert.match(`${own}`, /^tiny, model [0-9a-f]{12}$/);
  assert.equal(network.version, own.version);
});

/** The module with so many pages of 64 KiB; the section of the memory says 1 memory, no maximum. */
function grown(pages) {
  const found = [...MODULE.keys()].find((i) => MODULE[i] === 5 && MODULE[i + 1] === 3 && MODULE[i + 2] === 1);
  const bytes = renamed();
  bytes[found + 4] = pages;
  return bytes;
}

test("a browser that tells the size of a module's memory, as WebKit does, takes one with another size", async (t) => {
  const { exports } = WebAssembly.Module;
  let pages = 17; // other ones for each module
  const telling = (module) => exports(module).map((found) => ({ ...found, type: { minimum: pages++ } }));
  t.mock.method(WebAssembly.Module, "exports", telling);
  assert.equal((await read(renamed())).name, "mine");
});

/** The module with one wrong bit among its weights. */
function damaged() {
  const bytes = renamed();
  bytes[bytes.length - 100_000] ^= 4;
  return bytes;
}

for (const [name, bytes, why] of [
  ["a text", ascii("no module at all"), /mine\.wasm is no WebAssembly module, or a damaged one: choose what/],
  ["a part of a module", MODULE.slice(0, 1000), /is no WebAssembly module/],
  ["an empty file", new Uint8Array(0), /is no WebAssembly module/],
  ["a module of something else", ascii("\0asm\x01\0\0\0"), /is a WebAssembly module, but no denoiser for this page: choose/],
  ["a film", new Uint8Array(5e6), /is larger than 4 MB, and no network is: choose/],
  ["more memory than the page has", grown(100), /needs 6\.3 MB of memory, and this page has 4: take fewer units/],
  ["too little memory for its buffers", grown(1), /cannot be started and may be damaged: choose/],
  ["another version", patched(` model ${own.digits}`, ascii("9"), -1), NEWER],
  ["a wrong bit", damaged(), /fails its self-test and may be damaged: export or copy it again/],
  ["the page's own network", MODULE, /is tiny, which is here already: choose another run/],
])
  test(`${name} is refused with a sentence`, async () => {
    await assert.rejects(read(bytes), why);
  });

/** What the build wrote down about this page: its module, its samples, its twin on the board. */

/**
 * @typedef {object} Sample
 * @property {string} file
 * @property {string} name
 */

/**
 * @typedef {object} Credit
 * @property {string} who
 * @property {string} licence
 * @property {string} url of the licence
 */

/**
 * @typedef {object} Facts
 * @property {{file: string, name: string, bytes: number, sha256: string}} module
 * @property {{instructions: number, estimatedMs: [number, number], clockMhz: number}} board
 * @property {Sample[]} samples
 * @property {Credit[]} credits
 */

/** @param {string} name @returns {Promise<Response>} of a file beside this one */
export async function load(name) {
  const response = await fetch(new URL(name, import.meta.url)).catch(() => null);
  if (!response?.ok) throw new Error(`${name} could not be loaded (${response?.status ?? "no connection"})`);
  return response;
}

/** @param {string} name @returns {Promise<ArrayBuffer>} what a packed file beside this one holds */
async function unpacked(name) {
  // as an array first: now and then Chromium cannot fetch what it shall make a Blob of at once
  const packed = await (await load(name)).arrayBuffer();
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer().catch(() => {
    throw new Error(`${name} is damaged: reload the page`);
  });
}

/**
 * Everything that the page will ever need, at once.
 * @returns {Promise<{facts: Facts, module: ArrayBuffer, sounds: ArrayBuffer[]}>}
 */
export async function loadAll() {
  /** @type {Facts} */
  const facts = await (await load("facts.json")).json();
  const [module, ...sounds] = await Promise.all([unpacked(facts.module.file),
    ...facts.samples.map(async ({ file }) => (await load(file)).arrayBuffer())]);
  return { facts, module, sounds };
}

/** @param {Facts["board"]} board @returns {string} */
export function boardText({ instructions, estimatedMs: [low, high], clockMhz }) {
  return `${instructions.toLocaleString("en")} instructions, counted on an emulator; ` +
    `estimate ${low.toFixed(1)}–${high.toFixed(1)} ms at ${clockMhz} MHz. Never run on a board.`;
}

/**
 * @param {ArrayBuffer} module
 * @param {string} expected SHA-256 of the build
 * @returns {Promise<string>} what the digest of this copy says
 */
export async function digestText(module, expected) {
  if (!globalThis.crypto?.subtle) return `SHA-256 ${expected} (not checked: the page is not on https)`;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", module));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new Error(`denoiser.wasm is damaged: its SHA-256 is ${found}`);
  return `SHA-256 ${found}`;
}

/** @param {Credit[]} credits @returns {Node[]} names, each with a link to its licence */
export function creditNodes(credits) {
  return credits.flatMap(({ who, licence, url }, i) => {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = licence;
    return [document.createTextNode(`${i ? ", " : ""}${who}, `), link];
  });
}

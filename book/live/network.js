/** A network of the page's own or of the reader's: what `lstm-se export RUN --to wasm` writes. */
import { Denoiser } from "./denoiser.js";

const MEGABYTE = 1 << 20;
const MOST = 4; // megabytes of a file, and of memory: the microcontroller has far less of both
const CHOOSE = "choose what lstm-se export RUN --to wasm --out mine.wasm has written";

/** One network, with denoisers that are not the audio thread's. */
export class Network {
  /**
   * @param {string} name
   * @param {ArrayBuffer} code of the module
   * @param {WebAssembly.Module} [module] the same, compiled
   */
  constructor(name, code, module = new WebAssembly.Module(code)) {
    this.name = name;
    this.code = code;
    this.module = module;
    /** For whole recordings, and to be timed. */
    this.offline = new Denoiser(module);
    this.timed = new Denoiser(module);
    const told = this.offline.version(), [version, digits] = told.split(" model ");
    /** Of the C code. */
    this.version = version;
    /** The first ones of the model's SHA-256. */
    this.digits = digits;
    this.about = `${told}, self-test passed; ${code.byteLength.toLocaleString("en")} bytes`;
    this.board = "counted for the network of this page only";
  }

  /** @returns {string} */
  toString() {
    return `${this.name}, model ${this.digits}`;
  }
}

/** @param {Denoiser} denoiser @returns {boolean} */
function passes(denoiser) {
  try {
    return denoiser.selftest();
  } catch {
    return false; // damaged code may do what WebAssembly forbids
  }
}

/** @param {WebAssembly.Module} module @returns {string} what it gives and takes, whatever the size of it */
function interfaceOf(module) {
  const { exports, imports } = WebAssembly.Module;
  return [...exports(module), ...imports(module)].map(({ kind, name }) => `${kind} ${name}`).join();
}

/** @param {Network} found @param {Network} own @returns {string} why it is not taken; empty if it is */
function fault(found, own) {
  const needed = found.offline.exports.memory.buffer.byteLength / MEGABYTE;
  if (needed > MOST)
    return `needs ${needed.toFixed(1)} MB of memory, and this page has ${MOST}: take fewer units`;
  if (found.version !== own.version)
    return `is of version ${found.version}, and this page of ${own.version}: export it with that version`;
  if (!passes(found.offline)) return "fails its self-test and may be damaged: export or copy it again";
  if (found.digits === own.digits) return `is ${own.name}, which is here already: choose another run`;
  return "";
}

/**
 * @param {File} file
 * @param {Network} own the page's
 * @returns {Promise<Network>} one that computes what its model does
 * @throws {Error} what is wrong and what to do
 */
export async function readNetwork(file, own) {
  const refuse = (/** @type {string} */ why) => new Error(`${file.name} ${why}.`);
  if (file.size > MOST * MEGABYTE) throw refuse(`is larger than ${MOST} MB, and no network is: ${CHOOSE}`);
  const code = await file.arrayBuffer();
  const module = await WebAssembly.compile(code).catch(() => {
    throw refuse(`is no WebAssembly module, or a damaged one: ${CHOOSE}`);
  });
  if (interfaceOf(module) !== interfaceOf(own.module))
    throw refuse(`is a WebAssembly module, but no denoiser for this page: ${CHOOSE}`);
  const network = started(file.name.replace(/\.wasm$/i, ""), code, module);
  const why = network ? fault(network, own) : `cannot be started and may be damaged: ${CHOOSE}`;
  if (!network || why) throw refuse(why);
  return network;
}

/** @param {string} name @param {ArrayBuffer} code @param {WebAssembly.Module} module */
function started(name, code, module) {
  try {
    return new Network(name, code, module);
  } catch {
    return null; // addresses outside its memory, or more memory than there is
  }
}

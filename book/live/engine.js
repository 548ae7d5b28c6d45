/** The browser's sound: microphone or recording in, loudspeaker out, the denoiser between them. */
import { RATE } from "./denoiser.js";
import { kept } from "./kept.js";
import { openMicrophone } from "./microphone.js";
import { ratio, resampleAll } from "./resampler.js";
import { unless } from "./unless.js";

/** @typedef {import("./processor.js").Order} Order */
/** @typedef {import("./processor.js").Report} Report */
/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {import("./network.js").Network} Network */

/**
 * @typedef {object} Source
 * @property {AudioNode} node
 * @property {MediaStreamTrack} [track] of a microphone
 * @property {() => void} stop
 * @property {string} facts what is known about it
 * @property {string} note what a listener should know
 */

const FADE_MS = 40; // in which every change has faded in and out
const END_MS = 200; // in which the audio thread has read that it may end
const LOAD_MS = 20_000;

/** @type {WeakMap<Recording, AudioBuffer>} what was played of each, to be played again */
const played = new WeakMap();

/** @returns {string} why there is no live sound here; empty if there is */
function missing() {
  if (!globalThis.AudioContext) return "This browser has no Web Audio.";
  if (!globalThis.isSecureContext)
    return "Browsers give live sound only to pages that come over https or from localhost.";
  return globalThis.AudioWorkletNode ? "" : "This browser has no audio worklets.";
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @returns {AudioContext} @throws {RangeError} if its rate is too odd */
function newContext() {
  // ?rate=48000 asks for a rate that is not the device's own
  const wanted = Number(new URLSearchParams(location.search).get("rate"));
  const rate = wanted ? { sampleRate: wanted } : {};
  const context = new AudioContext({ latencyHint: "interactive", ...rate });
  ratio(context.sampleRate, RATE); // the audio thread could not say what is wrong with it
  return context;
}

/** @param {AudioContext} context that holds its clock, and gets the code of the audio thread */
async function prepare(context) {
  context.suspend().catch(() => {}); // some browsers start it by themselves; nobody waits for it
  const code = kept("processor.js").then((address) => context.audioWorklet.addModule(address));
  await unless(AbortSignal.timeout(LOAD_MS), code).catch((error) => {
    throw new Error(`The audio thread could not load its code (${error.message}): reload the page.`);
  });
}

/** One audio context with one denoiser in it, used for every start until it fails. */
export class Engine {
  /** @type {Source | null} */
  source = null;
  /** Samples of the device by which the code delays the sound. */
  delay = 0;
  /** @type {(report: Report) => void} called for each hop */
  onReport = () => {};
  /** @type {Network | null} of the reader's */
  second = null;

  /** @param {AudioContext} context that is prepared @param {ArrayBuffer} module the WebAssembly module */
  constructor(context, module) {
    this.module = module;
    this.context = context;
    this.node = this.#denoiser();
  }

  /** @returns {AudioWorkletNode} a denoiser that has heard nothing, at the output */
  #denoiser() {
    const { context, module } = this;
    const node = new AudioWorkletNode(context, "live-denoiser", {
      channelCount: 1, channelCountMode: "explicit", outputChannelCount: [1],
      processorOptions: { module },
    });
    node.connect(context.destination);
    node.port.onmessage = ({ data }) => this.#read(data);
    /** Whether the code threw an error in the audio thread, which ends it there. */
    this.failed = false;
    node.onprocessorerror = () => (this.failed = true);
    /** Whether the loudspeaker failed while it was used. */
    this.lost = false;
    context.addEventListener("error", () => (this.lost = true));
    return node;
  }

  /** @param {Report | {delay: number} | {unread: boolean}} message of the audio thread */
  #read(message) {
    if ("delay" in message) this.delay = message.delay;
    else if ("unread" in message) this.tell({ second: this.second?.code });
    else if (this.source) this.onReport(message);
  }

  /**
   * @param {ArrayBuffer} module the WebAssembly module
   * @returns {Promise<Engine>} silent until it is started
   * @throws {Error} why there is no live sound here
   */
  static async load(module) {
    const problem = missing();
    if (problem) throw new Error(problem);
    const context = newContext();
    await prepare(context);
    return new Engine(context, module);
  }

  /** A new context with a new denoiser: an old one may stand still for ever, or fail. Nothing is loaded. */
  async renew() {
    const context = newContext();
    context.resume().catch(() => {}); // while a click is known of: some browsers ask for one
    await this.#fade();
    this.tell({ end: true }); // else Chromium keeps the old context, even when it is closed
    await pause(END_MS);
    this.context.close().catch(() => {}); // is closed already
    await prepare(context);
    this.context = context;
    this.node = this.#denoiser();
    if (this.second) this.admit(this.second);
  }

  /** @param {Network} network of the reader's, compiled already: the audio thread has no time for that */
  admit(network) {
    this.second = network;
    this.tell({ second: network.module });
  }

  /** @param {Order} order */
  tell(order) {
    this.node.port.postMessage(order);
  }

  /**
   * Sound runs from the first report on; without a loudspeaker there may never be one.
   * @param {Source} source
   * @param {number} gain loudness, 0 to 1
   */
  start(source, gain) {
    this.source = source;
    this.lost = false;
    this.tell({ reset: true, gain });
    source.node.connect(this.node);
    this.context.resume().catch(() => {}); // refused by a closed context only: its state tells
  }

  /** Fade out, and let the microphone go. */
  async #fade() {
    const { source } = this;
    if (!source) return;
    this.tell({ gain: 0 });
    await pause(FADE_MS);
    this.source = null;
    source.node.disconnect();
    source.stop();
  }

  /** Fade out, and hold the clock. */
  async stop() {
    await this.#fade();
    this.context.suspend().catch(() => {}); // as above
  }

  /**
   * @param {AbortSignal} signal that nobody waits any longer
   * @param {() => void} onEnded called when the microphone goes away
   * @returns {Promise<Source>}
   */
  microphone(signal, onEnded) {
    return openMicrophone(this.context, signal, onEnded);
  }

  /**
   * @param {Recording} recording played over and over
   * @param {(share: number) => Promise<void>} rest called now and then with the share that is done
   * @returns {Promise<Source>}
   */
  async recording(recording, rest) {
    const { context } = this;
    context.resume().catch(() => {}); // at once, as above
    const buffer = await this.#buffer(recording, rest);
    const node = new AudioBufferSourceNode(context, { buffer, loop: true });
    node.start();
    const whose = recording.decoded ? ", as the browser decodes it" : "";
    const facts = `${recording.rate.toLocaleString("en")} Hz${whose}`;
    return { node, stop: () => node.stop(), facts, note: "" };
  }

  /** @param {Recording} recording @param {(share: number) => Promise<void>} rest */
  async #buffer(recording, rest) {
    const { sampleRate } = this.context, known = played.get(recording);
    if (known?.sampleRate === sampleRate) return known;
    const samples = await resampleAll(recording.samples, recording.rate, sampleRate, rest);
    const buffer = new AudioBuffer({ length: samples.length, sampleRate });
    buffer.getChannelData(0).set(samples);
    played.set(recording, buffer);
    return buffer;
  }

  /** @returns {string} by how much the sound is late, and where */
  latency() {
    const { context, delay } = this, ms = (/** @type {number} */ s) => `${(1000 * s).toFixed(0)} ms`;
    const browser = (context.baseLatency || 0) + (context.outputLatency || 0);
    return `${ms(delay / context.sampleRate)} in this code at ${context.sampleRate} Hz, ` +
      `${ms(browser)} in the browser’s output as it reports it, and what the microphone adds`;
  }

  /** @returns {number | null} drop-outs that the browser counted; null if it does not tell */
  underruns() {
    const { playbackStats } = /** @type {{playbackStats?: {underrunEvents: number}}} */ (
      /** @type {unknown} */ (this.context));
    return playbackStats ? playbackStats.underrunEvents : null;
  }
}

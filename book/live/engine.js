/** The browser's sound: microphone or recording in, loudspeaker out, the denoiser between them. */
import { openMicrophone } from "./microphone.js";
import { resample } from "./resampler.js";

/** @typedef {import("./processor.js").Order} Order */
/** @typedef {import("./processor.js").Report} Report */
/** @typedef {import("./files.js").Recording} Recording */

/**
 * @typedef {object} Source
 * @property {AudioNode} node
 * @property {MediaStreamTrack} [track] of a microphone
 * @property {() => void} stop
 * @property {string} facts what is known about it
 * @property {string} note what a listener should know
 */

/** Milliseconds in which every change has faded in and out. */
export const FADE_MS = 40;

/** @returns {string} why there is no live sound here; empty if there is */
function missing() {
  if (!globalThis.AudioContext) return "This browser has no Web Audio.";
  if (!globalThis.isSecureContext)
    return "Browsers give live sound only to pages that come over https or from localhost.";
  return globalThis.AudioWorkletNode ? "" : "This browser has no audio worklets.";
}

/** One audio context with one denoiser in it, used for every start. */
export class Engine {
  /**
   * @param {AudioContext} context
   * @param {ArrayBuffer} module the WebAssembly module
   * @param {(report: Report) => void} onReport called for each hop
   */
  constructor(context, module, onReport) {
    this.context = context;
    this.module = module;
    this.onReport = onReport;
    /** Samples of the device by which the code delays the sound. */
    this.delay = 0;
    /** @type {Source | null} */
    this.source = null;
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
    node.port.onmessage = ({ data }) => {
      if ("delay" in data) this.delay = data.delay;
      else if (this.source) this.onReport(data);
    };
    /** Whether the code threw an error in the audio thread, which ends it there. */
    this.failed = false;
    node.onprocessorerror = () => (this.failed = true);
    return node;
  }

  /** Put a new denoiser in the place of one that fails; the context stays, as it has the code already. */
  renew() {
    this.tell({ end: true });
    this.node.port.onmessage = this.node.onprocessorerror = null;
    this.node.disconnect();
    this.node = this.#denoiser();
  }

  /**
   * @param {ArrayBuffer} module the WebAssembly module
   * @param {(report: Report) => void} onReport called for each hop
   * @returns {Promise<Engine>} silent until it is started
   * @throws {Error} why there is no live sound here
   */
  static async load(module, onReport) {
    const problem = missing();
    if (problem) throw new Error(problem);
    // ?rate=48000 asks for a rate that is not the device's own
    const wanted = Number(new URLSearchParams(location.search).get("rate"));
    const rate = wanted ? { sampleRate: wanted } : {};
    const context = new AudioContext({ latencyHint: "interactive", ...rate });
    context.suspend().catch(() => {}); // some browsers start it by themselves; nobody waits for it
    await context.audioWorklet.addModule(new URL("processor.js", import.meta.url)).catch((error) => {
      throw new Error(`The audio thread could not load its code (${error.message}): reload the page.`);
    });
    return new Engine(context, module, onReport);
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
    this.tell({ reset: true, gain });
    source.node.connect(this.node);
    this.context.resume().catch(() => {}); // refused by a closed context only: its state tells
  }

  /** Fade out, let the microphone go and hold the clock. */
  async stop() {
    const { source } = this;
    if (!source) return;
    this.tell({ gain: 0 });
    await new Promise((resolve) => setTimeout(resolve, FADE_MS));
    this.source = null;
    source.node.disconnect();
    source.stop();
    this.context.suspend().catch(() => {}); // as above
  }

  /** @param {() => void} onEnded called when the microphone goes away @returns {Promise<Source>} */
  microphone(onEnded) {
    return openMicrophone(this.context, onEnded);
  }

  /** @param {Recording} recording played over and over @returns {Source} */
  recording({ samples, rate }) {
    const { context } = this;
    const ready = resample(samples, rate, context.sampleRate);
    const buffer = context.createBuffer(1, ready.length, context.sampleRate);
    buffer.getChannelData(0).set(ready);
    const node = new AudioBufferSourceNode(context, { buffer, loop: true });
    node.start();
    const facts = `${rate.toLocaleString("en")} Hz`;
    return { node, stop: () => node.stop(), facts, note: "" };
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

/** The browser's sound: microphone or recording in, loudspeaker out, the denoiser between them. */
import { resample } from "./resampler.js";

/** @typedef {import("./processor.js").Order} Order */
/** @typedef {import("./processor.js").Report} Report */
/** @typedef {import("./files.js").Recording} Recording */

/**
 * @typedef {object} Source
 * @property {AudioNode} node
 * @property {() => void} stop
 * @property {string} note what a listener should know
 */

const FADE_MS = 40;

/** @returns {string} why there is no live sound here; empty if there is */
export function missing() {
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
    this.node = new AudioWorkletNode(context, "live-denoiser", {
      channelCount: 1, channelCountMode: "explicit", outputChannelCount: [1],
      processorOptions: { module },
    });
    this.node.connect(context.destination);
    /** Samples of the device by which the code delays the sound. */
    this.delay = 0;
    /** @type {Source | null} */
    this.source = null;
    this.node.port.onmessage = ({ data }) => {
      if ("delay" in data) this.delay = data.delay;
      else if (this.source) onReport(data);
    };
  }

  /**
   * @param {ArrayBuffer} module the WebAssembly module
   * @param {(report: Report) => void} onReport called for each hop
   * @returns {Promise<Engine>} silent until it is started
   */
  static async load(module, onReport) {
    // ?rate=48000 asks for a rate that is not the device's own
    const wanted = Number(new URLSearchParams(location.search).get("rate"));
    const rate = wanted ? { sampleRate: wanted } : {};
    const context = new AudioContext({ latencyHint: "interactive", ...rate });
    await context.audioWorklet.addModule(new URL("processor.js", import.meta.url));
    return new Engine(context, module, onReport);
  }

  /** @param {Order} order */
  tell(order) {
    this.node.port.postMessage(order);
  }

  /**
   * @param {Source} source
   * @param {number} gain loudness, 0 to 1
   */
  async start(source, gain) {
    this.source = source;
    this.tell({ reset: true, gain });
    source.node.connect(this.node);
    await this.context.resume();
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
    await this.context.suspend();
  }

  /**
   * @param {() => void} onEnded called when the microphone goes away
   * @returns {Promise<Source>}
   * @throws {Error} what is wrong and what to do
   */
  async microphone(onEnded) {
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted }).catch((error) => {
      throw new Error(explained(error));
    });
    const [track] = stream.getAudioTracks(), heard = track.getSettings();
    track.addEventListener("ended", onEnded);
    return {
      node: this.context.createMediaStreamSource(stream),
      stop: () => {
        track.removeEventListener("ended", onEnded);
        track.stop();
      },
      note: heard.noiseSuppression
        ? "This browser removes noise by itself before the page hears it." : "",
    };
  }

  /** @param {Recording} recording played over and over @returns {Source} */
  recording({ samples, rate }) {
    const { context } = this;
    const ready = resample(samples, rate, context.sampleRate);
    const buffer = context.createBuffer(1, ready.length, context.sampleRate);
    buffer.getChannelData(0).set(ready);
    const node = new AudioBufferSourceNode(context, { buffer, loop: true });
    node.start();
    return { node, stop: () => node.stop(), note: "" };
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

/** @param {DOMException} error of getUserMedia @returns {string} */
function explained(error) {
  const samples = "The samples work without a microphone.";
  switch (error.name) {
    case "NotAllowedError":
      return `The microphone was refused: allow it in the address bar and start again. ${samples}`;
    case "NotFoundError":
      return `No microphone was found: plug one in and start again. ${samples}`;
    case "NotReadableError":
      return `The microphone is busy: close the program that uses it and start again. ${samples}`;
    default:
      return `The microphone cannot be used (${error.name}: ${error.message}). ${samples}`;
  }
}

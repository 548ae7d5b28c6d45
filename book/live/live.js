/** Live sound from Start to Stop, and what is shown and kept of it. */
import { aloud, complain, decibels, element, progress, say, share, warn } from "./controls.js";
import { Cost } from "./cost.js";
import { Display } from "./display.js";
import { Losses } from "./losses.js";
import { Take } from "./take.js";
import { Watch } from "./watch.js";
import { Whistle } from "./whistle.js";

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {import("./networks.js").Networks} Networks */
/** @typedef {import("./processor.js").Report} Report */
/** @typedef {import("./results.js").Results} Results */

const OVERLOOKED_MS = 4000;
const OVERLOOKED = "The browser is waiting for your answer: may this page hear the microphone? Look for its " +
  "question, near the address bar or behind another window. Or press “Cancel” and choose a sample.";

/** Sound that runs, or may run. */
export class Live {
  /** Whether the reader seems to overlook the browser's question. */
  asking = false;
  /** Whether sound should run: neither while it fades out, nor while a new context opens. */
  watched = false;
  /** What is heard when all is well. */
  news = "";
  /** @type {Take | null} */
  take = null;
  takes = 0;
  whistle = new Whistle();

  /**
   * @param {Engine} engine @param {Networks} networks @param {Display} display
   * @param {Results} results where recordings go
   * @param {() => void} onChange called when the buttons may mean something else
   */
  constructor(engine, networks, display, results, onChange) {
    this.engine = engine;
    this.networks = networks;
    this.display = display;
    this.results = results;
    this.onChange = onChange;
    this.watch = new Watch(engine);
    this.cost = new Cost(networks.heard.timed);
    this.losses = new Losses(() => engine.underruns());
    engine.onReport = (report) => this.#hear(report);
  }

  /** @returns {boolean} */
  get running() {
    return Boolean(this.engine.source);
  }

  /** @returns {string} what to say of sound that runs, or should run */
  get state() {
    if (!this.watch.stopped) return this.news;
    return this.engine.failed ? "The sound has stopped." : "Waiting for sound…";
  }

  /**
   * @param {Recording | undefined} recording the microphone if there is none
   * @param {AbortSignal} signal that nobody waits any longer
   * @param {() => void} onLost called when the microphone goes away
   */
  async begin(recording, signal, onLost) {
    say(recording ? "Starting…" : "Starting: allow the microphone if the browser asks.");
    const source = recording ? await this.engine.recording(recording, (done) => progress("Starting", done))
      : await this.#asked(this.engine.microphone(signal, onLost));
    this.cost.recent.clear();
    this.losses.begin();
    this.whistle.begin();
    const what = recording ? `${recording.name}, again and again` : "microphone";
    this.news = [`Running: ${what}.`, source.note].filter(Boolean).join(" ");
    element("input").textContent = source.facts;
    this.engine.start(source, Number(aloud.checked));
    this.watch.begin();
    this.watched = true;
  }

  /** @template T @param {Promise<T>} answer of the reader, who is told after a while that he has to give one */
  async #asked(answer) {
    const timer = setTimeout(() => this.#ask(true), OVERLOOKED_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      if (this.asking) this.#ask(false);
    }
  }

  /** @param {boolean} asking */
  #ask(asking) {
    this.asking = asking;
    complain(asking ? OVERLOOKED : null);
    this.onChange();
  }

  /** @param {string} [why] */
  async end(why = "Stopped.") {
    if (!this.running) return;
    this.#close();
    await this.engine.stop();
    say(why);
  }

  /** What was running is over. */
  #close() {
    this.watched = false;
    warn("");
    this.finishTake();
  }

  /** Stop, and put a new context and a new denoiser in the place of those that fail. */
  async renew() {
    this.#close();
    say("Starting again…");
    await this.engine.renew();
    this.tune();
  }

  /** Let the audio thread know how the controls stand; the stopwatch follows. */
  tune() {
    const { cost, engine, networks: { heard, place } } = this, limit = decibels();
    if (cost.denoiser !== heard.timed) cost.recent.clear();
    cost.denoiser = heard.timed;
    cost.denoiser.setLimit(limit);
    engine.tell({ network: place, mix: share(), limit });
  }

  /** @param {Report} report of the audio thread, for each hop */
  #hear(report) {
    if (this.watch.add(report) && this.watched) {
      say(this.news);
      this.look();
    }
    this.display.add(report);
    this.cost.add(report.heard);
    this.losses.add(report);
    if (this.take && !this.take.add(report)) this.finishTake();
    if (this.engine.source?.track && this.whistle.add(report, aloud.checked)) this.#hush();
  }

  /** The microphone hears the loudspeaker: sound off. */
  #hush() {
    aloud.checked = false;
    this.engine.tell({ gain: 0 });
    complain("It was about to whistle, so the sound is off: put on headphones, then tick “Play out loud”.");
  }

  /** To be called four times a second: whether sound runs, and the numbers. */
  look() {
    if (!this.watched) return;
    warn(this.watch.look());
    if (this.watch.stopped && !element("status").textContent?.startsWith(this.state)) say(this.state);
    element("cost").textContent = String(this.cost);
    element("latency").textContent = this.engine.latency();
    element("dropouts").textContent = String(this.losses);
  }

  /** Begin or end a recording. @param {string} title */
  toggleTake(title) {
    if (this.take) return this.finishTake();
    this.take = new Take(++this.takes, title);
    this.engine.tell({ restart: this.takes });
    this.onChange();
  }

  /** End the recording, if there is one. */
  finishTake() {
    if (!this.take) return;
    const { title } = this.take, { noisy, denoised } = this.take.finish();
    this.take = null;
    if (noisy.length) this.results.add(title, noisy, denoised);
    this.onChange();
  }
}

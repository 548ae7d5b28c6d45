/** Pictures, meters and numbers: everything that moves while sound runs. */
import { element } from "./controls.js";
import { BINS as GAINS } from "./denoiser.js";
import { Picture } from "./picture.js";
import { BINS, levels } from "./spectrum.js";
import { level } from "./statistics.js";

/** @typedef {import("./processor.js").Report} Report */

const KEPT = 480; // columns of a picture: of what a hidden page missed, the last is enough

/** Shows what the audio thread reports. */
export class Display {
  constructor() {
    this.noisy = new Picture(element("noisy"), BINS, -90, -15);
    this.denoised = new Picture(element("denoised"), BINS, -90, -15);
    this.mask = new Picture(element("mask"), GAINS, 0, 32767);
    /** @type {{heard: Int16Array, said: Int16Array}} the hop before */
    this.before = { heard: new Int16Array(256), said: new Int16Array(256) };
    /** @type {Report[]} */
    this.waiting = [];
    this.asked = false;
  }

  /** @param {Report} report */
  add(report) {
    this.waiting.push(report);
    if (this.waiting.length > KEPT) this.waiting.shift();
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => this.#draw());
  }

  /** Draw all that came in since the last picture. */
  #draw() {
    this.asked = false;
    const reports = this.waiting, last = reports[reports.length - 1];
    this.waiting = [];
    this.paint(reports);
    this.#meter("level-in", level(last.heard));
    this.#meter("level-out", level(last.said));
  }

  /** @param {Pick<Report, "heard" | "said" | "mask">[]} hops to be added to the pictures */
  paint(hops) {
    this.noisy.add(hops.map(({ heard }) => this.#column("heard", heard)));
    this.denoised.add(hops.map(({ said }) => this.#column("said", said)));
    this.mask.add(hops.map(({ mask }) => mask));
  }

  /** @param {"heard" | "said"} side @param {Int16Array} hop */
  #column(side, hop) {
    const column = new Float32Array(BINS);
    levels(this.before[side], hop, column);
    this.before[side] = hop;
    return column;
  }

  /** @param {string} id @param {number} decibels */
  #meter(id, decibels) {
    /** @type {HTMLMeterElement} */ (element(id)).value = decibels;
    element(`${id}-text`).textContent = `${Math.round(decibels)} dBFS`;
  }
}

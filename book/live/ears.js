/** The blind test, as the reader sees it. */
import { Abx } from "./abx.js";
import { element } from "./controls.js";
import { NO_LIMIT } from "./denoiser.js";
import { Pair, matched } from "./pair.js";
import { saved } from "./results.js";

/** @typedef {import("./abx.js").Side} Side */

/**
 * @typedef {object} Comparison
 * @property {string} title of the sound
 * @property {string[]} names of A and B
 * @property {Int16Array[]} sounds A and B at 16 kHz, aligned
 * @property {number} limit in dB
 */

const button = /** @type {HTMLButtonElement} */ (element("blind"));
const trial = /** @type {HTMLFieldSetElement} */ (element("trial"));

/** @param {string} text */
function tell(text) {
  element("round").textContent = text;
}

/** One test after another. */
export class Ears {
  /** @type {Pair | null} */
  pair = null;
  test = new Abx(0);
  /** @type {Comparison & {gains: number[]}} */
  compared = { title: "", names: [], sounds: [], limit: NO_LIMIT, gains: [] };

  constructor() {
    trial.onchange = () => this.#hear();
    for (const side of /** @type {const} */ (["a", "b"]))
      element(`is-${side}`).onclick = () => this.#answer(side);
  }

  /** @param {Comparison} comparison */
  begin(comparison) {
    const gains = matched(comparison.sounds);
    this.compared = { ...comparison, gains };
    this.test = new Abx(Number(/** @type {HTMLSelectElement} */ (element("rounds")).value));
    this.pair = new Pair(comparison.sounds, gains);
    element("blind-result").replaceChildren();
    const { title, names: [a, b] } = comparison;
    element("sides").textContent = `${title}: A is ${a}, B is ${b}`;
    this.#show(true);
    this.#next();
    this.#radio("a").focus();
  }

  /** End the test, if there is one, with a word about it. @param {string} [why] */
  stop(why = `Stopped in round ${this.test.round}: no result.`) {
    if (!this.pair) return;
    this.pair.close();
    this.pair = null;
    if (trial.contains(document.activeElement)) button.focus(); // what had it is hidden now
    this.#show(false);
    tell(why);
  }

  /** @param {boolean} running */
  #show(running) {
    trial.hidden = !running;
    button.textContent = running ? "Stop the test" : "Begin the test";
  }

  /** Each round begins with A: if X were heard on, it would tell whether it has changed. */
  #next() {
    tell(`Round ${this.test.round} of ${this.test.rounds}: is X A or B?`);
    this.#radio("a").checked = true;
    this.#hear();
  }

  /** @param {string} side @returns {HTMLInputElement} */
  #radio(side) {
    return /** @type {HTMLInputElement} */ (trial.querySelector(`input[value="${side}"]`));
  }

  /** Let the chosen one of the three be heard. */
  #hear() {
    const side = this.#radio("x").checked ? this.test.x : this.#radio("b").checked ? "b" : "a";
    this.pair?.hear(side === "a" ? 0 : 1);
  }

  /** @param {Side} side */
  #answer(side) {
    if (!this.pair?.running)
      return tell("The browser plays no sound, and the answer does not count: choose A, B or X again; " +
        "if that does not help, connect headphones.");
    this.test.answer(side);
    if (!this.test.over) return this.#next();
    const result = this.test.result();
    this.stop(verdict(result));
    this.#offer(result);
  }

  /** @param {ReturnType<Abx["result"]>} result to be saved */
  #offer({ test, ...result }) {
    const { title, names, limit, gains, sounds } = this.compared;
    const file = { test, sound: title, samples: sounds[0].length, a: names[0], b: names[1],
      limit_db: limit === NO_LIMIT ? null : limit, gains_db: gains, ...result };
    const text = encodeURIComponent(`${JSON.stringify(file, null, 1)}\n`);
    element("blind-result").replaceChildren(saved(`data:application/json,${text}`, "blind-test.json"));
  }
}

/** @param {ReturnType<Abx["result"]>} result @returns {string} */
function verdict({ right, rounds, share, interval: { low, high, method } }) {
  const percent = (/** @type {number} */ x) => `${Math.round(100 * x)} %`;
  const meaning = low > 0.5 ? "It lies above 50 %, so you hear a difference."
    : high < 0.5 ? "It lies below 50 %: you hear a difference, but took one for the other."
    : "It contains 50 %, which is guessing: this test has shown no difference that you hear.";
  return `${right} of ${rounds.length} right, ${percent(share)}. The 95 % interval (${method}) ` +
    `reaches from ${percent(low)} to ${percent(high)}. ${meaning}`;
}

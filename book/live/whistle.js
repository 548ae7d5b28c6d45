/** A loudspeaker that the microphone hears: the loop begins to whistle. */
import { level } from "./statistics.js";

/** @typedef {import("./processor.js").Report} Report */

const DBFS = -6;
const HOPS = 60; // about a second

/** Notices it early enough to switch the sound off. */
export class Whistle {
  loud = 0; // hops in a row

  /** A new start. */
  begin() {
    this.loud = 0;
  }

  /** @param {Report} report @param {boolean} aloud @returns {boolean} whether it begins now */
  add({ heard }, aloud) {
    this.loud = aloud && level(heard) > DBFS ? this.loud + 1 : 0;
    return this.loud === HOPS;
  }
}

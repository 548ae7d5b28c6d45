/** The networks to choose from: the page's own, and one of the reader's. */
import { element } from "./controls.js";

/** @typedef {import("./network.js").Network} Network */

/** The choice, as the reader sees it. */
export class Networks {
  /** @param {Network} own the page's */
  constructor(own) {
    this.all = [own];
    this.box = /** @type {HTMLFieldSetElement} */ (element("networks"));
    this.file = /** @type {HTMLInputElement} */ (element("module"));
    this.#show();
  }

  /** @param {Network} network takes the place of the reader's last one, and is chosen */
  add(network) {
    this.all[1] = network;
    this.#show();
    this.choose(1);
  }

  /** @param {number} place */
  choose(place) {
    this.#radio(place).checked = true;
  }

  /** Tell what is known of the one that is heard. */
  describe() {
    element("code").textContent = this.heard.about;
    element("board").textContent = this.heard.board;
  }

  /** @returns {number} place of the one that is heard */
  get place() {
    return Number(this.#radio(1).checked);
  }

  /** @returns {Network} */
  get heard() {
    return this.all[this.place];
  }

  /** @param {number} place */
  #radio(place) {
    return /** @type {HTMLInputElement} */ (element(`network-${place}`));
  }

  /** Name those that are there, here and in the blind test. */
  #show() {
    this.all.forEach((network, place) => {
      this.#radio(place).disabled = false;
      element(`network-${place}-name`).textContent = String(network);
    });
    /** @type {HTMLOptionElement} */ (element("both")).disabled = this.all.length < 2;
  }
}

/** Recordings that can be heard and downloaded. */
import { RATE } from "./denoiser.js";
import { encodeWav } from "./wav.js";

const MOST = 5;

/** The list on the page; the oldest recording leaves when there are too many. */
export class Results {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.number = 0;
  }

  /**
   * @param {string} title
   * @param {Int16Array} noisy at 16 kHz
   * @param {Int16Array} denoised at 16 kHz, aligned with it
   */
  add(title, noisy, denoised) {
    const stem = title.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}]+/gu, "-");
    const number = ++this.number, article = document.createElement("article");
    const heading = document.createElement("h3");
    heading.textContent = `${number}. ${title}, ${(noisy.length / RATE).toFixed(1)} s`;
    article.append(heading, row("noisy", `${number}-${stem}-noisy.wav`, noisy),
      row("denoised", `${number}-${stem}-denoised.wav`, denoised));
    this.list.querySelector("#no-results")?.remove();
    this.list.prepend(article);
    for (const old of [...this.list.children].slice(MOST)) forget(old);
  }
}

/** @param {string} kind @param {string} name of the file @param {Int16Array} pcm */
function row(kind, name, pcm) {
  const address = URL.createObjectURL(new Blob([encodeWav(pcm, RATE)], { type: "audio/wav" }));
  const line = document.createElement("div"), player = document.createElement("audio");
  line.className = "result";
  player.controls = true;
  player.src = address;
  player.setAttribute("aria-label", name);
  line.append(kind, player, saved(address, name));
  return line;
}

/** @param {string} address @param {string} name @returns {HTMLAnchorElement} what saves a file */
export function saved(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.textContent = `Download ${name}`;
  return link;
}

/** @param {Element} article */
function forget(article) {
  for (const link of article.querySelectorAll("a")) URL.revokeObjectURL(link.href);
  article.remove();
}

/**
 * Lets the controls of a figure choose which of its states is shown; lstm_se.pages.slider makes both.
 * @param {HTMLElement} box
 */
export function slider(box) {
  const { pieces, words } = JSON.parse(box.dataset.states ?? "");
  const drawing = /** @type {HTMLElement} */ (box.querySelector(".drawing"));
  const caption = /** @type {HTMLElement} */ (box.querySelector(".words"));
  const controls = /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([
    ...box.querySelectorAll("input, select"),
  ]);

  /** Where a control stands, of how many places; a slider says so. */
  const read = (/** @type {HTMLInputElement | HTMLSelectElement} */ control) => {
    if ("options" in control) return [control.selectedIndex, control.options.length];
    const texts = JSON.parse(control.dataset.texts ?? "");
    const place = Math.round((+control.value - +control.min) / +control.step);
    control.setAttribute("aria-valuetext", texts[place]);
    /** @type {HTMLElement} */ (control.nextElementSibling).textContent = texts[place];
    return [place, texts.length];
  };
  const draw = () => {
    // states lie in the order of itertools.product: the last control changes fastest
    const state = controls.map(read).reduce((before, [place, places]) => before * places + place, 0);
    drawing.innerHTML = pieces
      .map((/** @type {string | string[]} */ piece) => (Array.isArray(piece) ? piece[state] : piece))
      .join("");
    caption.textContent = words[state];
  };

  for (const control of controls) control.addEventListener("input", draw);
  /** @type {HTMLElement} */ (box.querySelector(".controls")).hidden = false;
  draw(); // a browser may have kept where the controls stood
}

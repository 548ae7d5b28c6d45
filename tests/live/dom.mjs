// As much of a page as the scripts of lstm_se/pages ask for.

/** An element that is found by any of the names in `inside`. */
export class Element extends EventTarget {
  constructor(fields = {}, inside = {}) {
    super();
    Object.assign(this, { dataset: {}, style: {}, attributes: {}, before: [], inside }, fields);
  }
  querySelector(name) {
    return this.inside[name];
  }
  querySelectorAll(name) {
    return this.inside[name];
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  prepend(...elements) {
    this.before = elements;
  }
}

/** A slider, with the place for its text behind it. */
export function range(min, step, value, texts) {
  const fields = { value: `${value}`, min: `${min}`, step: `${step}` };
  const nextElementSibling = new Element();
  return new Element({ ...fields, nextElementSibling, dataset: { texts: JSON.stringify(texts) } });
}

/** What happens when a reader moves it. */
export function move(control, fields) {
  Object.assign(control, fields);
  control.dispatchEvent(new Event("input"));
}

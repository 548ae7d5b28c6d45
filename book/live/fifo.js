/** A queue of samples in a ring: nothing is allocated while sound runs. */
export class Fifo {
  /** @param {number} capacity the most samples that may wait */
  constructor(capacity) {
    this.ring = new Float32Array(capacity);
    this.first = 0;
    this.length = 0;
  }

  /** @param {number} zeros samples of silence that wait afterwards, and nothing else */
  reset(zeros) {
    this.ring.fill(0);
    this.first = 0;
    this.length = 0;
    this.#grow(zeros);
  }

  /** @param {number} count */
  #grow(count) {
    if (this.length + count > this.ring.length)
      throw new RangeError(`${this.length} + ${count} samples do not fit ${this.ring.length}`);
    this.length += count;
  }

  /**
   * @param {Float32Array} samples
   * @param {number} [count] how many of them; all if left out
   */
  push(samples, count = samples.length) {
    const { ring } = this, end = this.first + this.length;
    this.#grow(count);
    for (let i = 0; i < count; i++) ring[(end + i) % ring.length] = samples[i];
  }

  /**
   * Fill an array with the oldest samples, and with silence where too few wait.
   * @param {Float32Array} into
   * @returns {boolean} whether there were enough
   */
  pull(into) {
    const { ring } = this, count = Math.min(into.length, this.length);
    for (let i = 0; i < count; i++) into[i] = ring[(this.first + i) % ring.length];
    into.fill(0, count);
    this.first = (this.first + count) % ring.length;
    this.length -= count;
    return count === into.length;
  }
}

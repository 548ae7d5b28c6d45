/** Pictures that move to the left: one column for each hop. */

// Dark to bright in equal steps of lightness: night, violet, red, orange, cream.
const STOPS = [[12, 10, 36], [84, 26, 110], [178, 52, 86], [240, 132, 50], [252, 243, 190]];
const COLUMNS = 480;

/** @returns {Uint32Array} 256 colours as little-endian RGBA */
function palette() {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (STOPS.length - 1), low = Math.min(Math.floor(place), STOPS.length - 2);
    const [r, g, b] = STOPS[low].map((from, c) =>
      Math.round(from + (place - low) * (STOPS[low + 1][c] - from)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

const COLOURS = palette();

/** A canvas that scrolls. */
export class Picture {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} rows values of a column, the lowest frequency first
   * @param {number} low value that is drawn dark
   * @param {number} high value that is drawn bright
   */
  constructor(canvas, rows, low, high) {
    canvas.width = COLUMNS;
    canvas.height = rows;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.rows = rows;
    this.low = low;
    this.scale = 255 / (high - low);
    this.clear();
  }

  /** Nothing heard yet. */
  clear() {
    this.context.fillStyle = `rgb(${STOPS[0].join()})`;
    this.context.fillRect(0, 0, COLUMNS, this.rows);
  }

  /** @param {ArrayLike<number>[]} columns the newest last */
  add(columns) {
    const count = Math.min(columns.length, COLUMNS);
    if (!count) return;
    const image = this.context.createImageData(count, this.rows);
    const pixels = new Uint32Array(image.data.buffer);
    columns.slice(-count).forEach((column, x) => {
      for (let row = 0; row < this.rows; row++) {
        const shade = Math.max(0, Math.min(255, Math.round((column[row] - this.low) * this.scale)));
        pixels[(this.rows - 1 - row) * count + x] = COLOURS[shade];
      }
    });
    this.context.drawImage(this.context.canvas, -count, 0);
    this.context.putImageData(image, COLUMNS - count, 0);
  }
}

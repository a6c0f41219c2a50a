// The last values of one topic with their times: a ring in typed arrays, which neither moves nor allocates.
import { decimalsIn, isPlain } from './numeral.js';

/** The form of a value whose numeral is kept, because its double does not give it back. */
const kept = 255;

export class History {
  #times;
  #values;
  /** With how many decimals a value was written, or `kept`. */
  #forms;
  /** @type {Map<number, string>} */
  #numerals = new Map();
  #start = 0;
  length = 0;

  /** @param {number} capacity */
  constructor(capacity) {
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
    this.#forms = new Uint8Array(capacity);
  }

  /** @param {number} time Unix milliseconds @param {string} numeral @param {number} value its double, which is finite */
  push(time, numeral, value) {
    const capacity = this.#times.length;
    const place = (this.#start + this.length) % capacity;
    this.#times[place] = time;
    this.#values[place] = value;
    this.#forms[place] = isPlain(numeral) ? decimalsIn(numeral) : kept;
    if (this.#forms[place] === kept) this.#numerals.set(place, numeral);
    else if (this.#numerals.size > 0) this.#numerals.delete(place);
    if (this.length < capacity) this.length += 1;
    else this.#start = (this.#start + 1) % capacity;
  }

  /** From 0, the oldest. @param {number} index */
  time(index) {
    return this.#times[this.#place(index)];
  }

  /** @param {number} index */
  value(index) {
    return this.#values[this.#place(index)];
  }

  /** The value as it came. @param {number} index @returns {string} */
  numeral(index) {
    const place = this.#place(index);
    return this.#numerals.get(place) ?? this.#values[place].toFixed(this.#forms[place]);
  }

  /** The first index at or after `time`; the length if there is none. @param {number} time */
  indexAt(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} index */
  #place(index) {
    return (this.#start + index) % this.#times.length;
  }
}

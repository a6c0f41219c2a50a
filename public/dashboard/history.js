// The last values of one topic with their times: a ring in two typed arrays, which neither moves nor allocates.
export class History {
  #times;
  #values;
  #start = 0;
  length = 0;

  /** @param {number} capacity */
  constructor(capacity) {
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  /** @param {number} time Unix milliseconds @param {number} value */
  push(time, value) {
    const capacity = this.#times.length;
    const place = (this.#start + this.length) % capacity;
    this.#times[place] = time;
    this.#values[place] = value;
    if (this.length < capacity) this.length += 1;
    else this.#start = (this.#start + 1) % capacity;
  }

  /** From 0, the oldest. @param {number} index */
  time(index) {
    return this.#times[(this.#start + index) % this.#times.length];
  }

  /** @param {number} index */
  value(index) {
    return this.#values[(this.#start + index) % this.#values.length];
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
}

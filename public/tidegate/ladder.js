/** Which transport is tried: the best that is not blocked, or the one that was asked for. */

/** @typedef {'ws' | 'sse' | 'poll'} TransportName */

/** Best first. */
export const transportNames = /** @type {const} */ (['ws', 'sse', 'poll']);

/** Refused so often in a row, a transport is taken to be blocked: once may be a gateway that was just starting. */
const strikeLimit = 2;

export class Ladder {
  #usable;
  #storage;
  #key;
  #strikes = 0;
  /** @type {TransportName} */
  #current;
  /** @type {TransportName | null} */
  #forced = null;

  /**
   * @param {object} parts
   * @param {readonly TransportName[]} parts.usable best first
   * @param {Pick<Storage, 'getItem' | 'setItem'> | null} parts.storage
   * @param {string} parts.key where in `storage` the transport that worked is remembered
   */
  constructor({ usable, storage, key }) {
    this.#usable = usable;
    this.#storage = storage;
    this.#key = key;
    const remembered = /** @type {TransportName} */ (storage?.getItem(key));
    this.#current = usable.includes(remembered) ? remembered : usable[0];
  }

  /** @returns {TransportName} */
  get current() {
    return this.#forced ?? this.#current;
  }

  get isForced() {
    return this.#forced !== null;
  }

  /** @param {TransportName | null} name null chooses freely again, from the top */
  force(name) {
    this.#forced = name;
    this.#strikes = 0;
    if (!name) this.#current = this.#usable[0];
  }

  /** The next better one, null at the top. @returns {TransportName | null} */
  get above() {
    const place = this.#usable.indexOf(this.#current);
    return this.isForced || place <= 0 ? null : this.#usable[place - 1];
  }

  climb() {
    this.#current = this.above ?? this.#current;
    this.#strikes = 0;
  }

  /** The current one works. */
  proven() {
    this.#strikes = 0;
    if (this.isForced) return;
    try {
      this.#storage?.setItem(this.#key, this.#current);
    } catch {
      // Full or forbidden: the next page starts at the top.
    }
  }

  /**
   * The current one is blocked while the gateway is there. True when another try makes sense at once: the same
   * once more, or the next one down. Under the last one the ladder starts again at the top.
   * @param {boolean} isCertain it took too long, or it was told so: do not try the same again
   */
  blocked(isCertain) {
    this.#strikes += 1;
    if (this.isForced) return false;
    if (!isCertain && this.#strikes < strikeLimit) return true;
    this.#strikes = 0;
    const place = this.#usable.indexOf(this.#current);
    const isLast = place === this.#usable.length - 1;
    this.#current = this.#usable[isLast ? 0 : place + 1];
    return !isLast;
  }
}

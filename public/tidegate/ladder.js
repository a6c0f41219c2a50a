/** Chooses the transport: the best one that is not blocked, or the one that the caller asked for. */

/** @typedef {'ws' | 'sse' | 'poll'} TransportName */

/** Best first. */
export const transportNames = /** @type {const} */ (['ws', 'sse', 'poll']);

/** A transport refused this often in a row counts as blocked: after one refusal the gateway may just be starting. */
const strikeLimit = 2;

export class Ladder {
  #usable;
  #storage;
  #key;
  #strikes = 0;
  /** Those that were blocked since one worked. @type {Set<TransportName>} */
  #blocked = new Set();
  /** @type {TransportName} */
  #current;
  /** @type {TransportName | null} */
  #forced = null;

  /**
   * @param {object} parts
   * @param {readonly TransportName[]} parts.usable best first
   * @param {Pick<Storage, 'getItem' | 'setItem'> | null} parts.storage
   * @param {string} parts.key the key in `storage` of the transport that worked
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

  /** @param {TransportName | null} name null: choose freely again, from the top */
  force(name) {
    this.#forced = name;
    this.#forgive();
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

  /** Whether every transport that may be used was blocked since one worked. */
  get isExhausted() {
    return this.#forced ? this.#blocked.has(this.#forced) : this.#usable.every((name) => this.#blocked.has(name));
  }

  /** What was blocked may be so no longer. */
  #forgive() {
    this.#strikes = 0;
    this.#blocked.clear();
  }

  /** The current one works. */
  proven() {
    this.#forgive();
    if (this.isForced) return;
    try {
      this.#storage?.setItem(this.#key, this.#current);
    } catch {
      // Storage is full or forbidden: the next page starts at the top.
    }
  }

  /**
   * The current one is blocked, though the gateway is there. True if another try makes sense at once: the same
   * again, or the next one down. Below the last one the ladder starts again at the top.
   * @param {boolean} isCertain do not try the same again: it took too long, or an answer said so
   */
  blocked(isCertain) {
    this.#strikes += 1;
    this.#blocked.add(this.current);
    if (this.isForced) return false;
    if (!isCertain && this.#strikes < strikeLimit) return true;
    this.#strikes = 0;
    const place = this.#usable.indexOf(this.#current);
    const isLast = place === this.#usable.length - 1;
    this.#current = this.#usable[isLast ? 0 : place + 1];
    return !isLast;
  }
}

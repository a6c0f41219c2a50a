/** The cursor, and the patterns that it covers: up to it, none of their updates was missed. */
export class Coverage {
  /** @type {string | null} */
  #cursor = null;
  /** @type {Set<string>} */
  #patterns = new Set();

  get cursor() {
    return this.#cursor;
  }

  /** @param {string} cursor */
  moveTo(cursor) {
    this.#cursor = cursor;
  }

  /** The cursor covers these too. @param {string[]} patterns @param {string} cursor */
  extend(patterns, cursor) {
    for (const pattern of patterns) this.#patterns.add(pattern);
    this.#cursor = cursor;
  }

  /** Other patterns are not carried any more, so the cursor moves on without them. @param {Set<string>} wanted */
  keep(wanted) {
    for (const pattern of this.#patterns) if (!wanted.has(pattern)) this.#patterns.delete(pattern);
  }

  /** The cursor stays, but covers no pattern. */
  clear() {
    this.#patterns.clear();
  }

  forget() {
    this.#cursor = null;
    this.clear();
  }

  /**
   * The start of a connection that carries all of `wanted`.
   * @param {Set<string>} wanted
   * @returns {import('./transport.js').Start}
   */
  startFor(wanted) {
    const isCovered = (/** @type {string} */ pattern) => this.#cursor !== null && this.#patterns.has(pattern);
    const covered = [...wanted].filter(isCovered);
    return {
      covered,
      uncovered: [...wanted].filter((pattern) => !isCovered(pattern)),
      cursor: covered.length > 0 ? this.#cursor : null,
    };
  }

  /** The start of a connection that carries only the covered patterns: it has next to nothing to send. @returns {import('./transport.js').Start} */
  get start() {
    return { covered: [...this.#patterns], uncovered: [], cursor: this.#cursor };
  }
}

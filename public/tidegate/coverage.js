/** The cursor, and what it vouches for: of these patterns nothing was missed up to there. */
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

  /** The cursor vouches for these as well. @param {string[]} patterns @param {string} cursor */
  extend(patterns, cursor) {
    for (const pattern of patterns) this.#patterns.add(pattern);
    this.#cursor = cursor;
  }

  /** The rest is not carried any more, so that the cursor moves on without it. @param {Set<string>} wanted */
  keep(wanted) {
    for (const pattern of this.#patterns) if (!wanted.has(pattern)) this.#patterns.delete(pattern);
  }

  /** The place stays known, but nothing was kept up to there. */
  clear() {
    this.#patterns.clear();
  }

  forget() {
    this.#cursor = null;
    this.clear();
  }

  /**
   * Where a connection that carries all of `wanted` starts.
   * @param {Set<string>} wanted
   * @returns {import('./transport.js').Start}
   */
  startFor(wanted) {
    const covered = this.#cursor ? [...wanted].filter((pattern) => this.#patterns.has(pattern)) : [];
    return {
      covered,
      uncovered: [...wanted].filter((pattern) => !covered.includes(pattern)),
      cursor: covered.length > 0 ? this.#cursor : null,
    };
  }

  /** Where a connection starts that carries what is covered, and has next to nothing to be sent. @returns {import('./transport.js').Start} */
  get start() {
    return { covered: [...this.#patterns], uncovered: [], cursor: this.#cursor };
  }
}

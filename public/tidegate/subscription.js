/** One call of `subscribe`: what it wants, and how it is told. */
import { callOut } from './callout.js';
import { TopicSet } from './patterns.js';

/** @typedef {import('./transport.js').Update} Update */

export class Subscription {
  #topics;
  #callback;
  #isFramed;
  #parse;
  /** The latest of each topic since the last frame. @type {Map<string, Update>} */
  #due = new Map();

  /**
   * @param {string[]} patterns
   * @param {(update: any) => void} callback takes one update, or with `frame` an array of them
   * @param {{frame?: boolean, parse?: (text: string) => any, stale?: boolean}} options `parse` makes the data of its text
   */
  constructor(patterns, callback, { frame = false, parse, stale = false }) {
    /** @type {string[]} */
    this.patterns = patterns;
    /** Whether an update is told once more when it has grown stale. */
    this.wantsStaleness = stale;
    this.#topics = new TopicSet(patterns);
    this.#callback = callback;
    this.#isFramed = frame;
    this.#parse = parse;
  }

  /** @param {string} topic */
  covers(topic) {
    return this.#topics.covers(topic);
  }

  /** Tells of an update now, or returns true: it waits for the next frame. @param {Update} update */
  take(update) {
    if (this.#isFramed) this.#due.set(update.topic, update);
    else callOut(() => this.#callback(this.#parsed(update)));
    return this.#isFramed;
  }

  /** A frame has come. */
  tellDue() {
    if (this.#due.size === 0) return;
    /** @type {Update[]} */
    const updates = [];
    for (const update of this.#due.values()) callOut(() => updates.push(this.#parsed(update)));
    this.#due.clear();
    if (updates.length > 0) callOut(() => this.#callback(updates));
  }

  /** What waits for a frame no longer holds. */
  forget() {
    this.#due.clear();
  }

  /** @param {Update} update */
  #parsed(update) {
    return this.#parse && update.text !== undefined ? { ...update, data: this.#parse(update.text) } : update;
  }
}

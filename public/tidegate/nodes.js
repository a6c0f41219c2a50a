/** The gateways that a client may connect to, by name: one at a time. One that sends it away is left alone for a while. */

/** A node that says goodbye ends and starts anew, which takes longer than the wait that it names. */
const avoidedMilliseconds = 60_000;

export class Nodes {
  #environment;
  #places;
  #current;
  /** Until when, by name. @type {Map<string, number>} */
  #avoided = new Map();

  /**
   * @param {Record<string, URL>} places at least one
   * @param {import('./environment.js').Environment} environment
   */
  constructor(places, environment) {
    this.#environment = environment;
    this.#places = Object.entries(places);
    this.#current = this.#pick(this.#places);
  }

  get base() {
    return this.#current[1];
  }

  /** Leaves it alone, as long as there is another one to try. @param {string} name @param {number} milliseconds at least */
  avoid(name, milliseconds) {
    this.#avoided.set(name, this.#environment.now() + Math.max(milliseconds, avoidedMilliseconds));
  }

  /** The next connection is for another one. */
  moveOn() {
    const others = this.#places.filter((place) => place !== this.#current);
    if (others.length === 0) return;
    const now = this.#environment.now();
    const welcome = others.filter(([name]) => now >= (this.#avoided.get(name) ?? 0));
    this.#current = this.#pick(welcome.length > 0 ? welcome : others);
  }

  /** Not all clients choose the same. @param {[string, URL][]} places */
  #pick(places) {
    return places[Math.floor(this.#environment.random() * places.length)];
  }
}

/** One action planned for later; a new plan replaces it. */
export class Timer {
  #environment;
  /** @type {any} */
  #timer = null;

  /** @param {import('./environment.js').Environment} environment */
  constructor(environment) {
    this.#environment = environment;
  }

  /** @param {number} milliseconds @param {() => void} action */
  start(milliseconds, action) {
    this.stop();
    this.#timer = this.#environment.setTimeout(action, milliseconds);
  }

  stop() {
    if (this.#timer !== null) this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Whether all that is held is current, and until when it was known to be. */
import { Timer } from './timer.js';

export class Freshness {
  #environment;
  #listeners;
  #patience;
  #doubt;
  /** Whether a connection vouches for the values: signs of life count only from such a one. */
  #isVouchedFor = false;
  #currentAt = /** @type {number | null} */ (null);
  isStale = true;

  /**
   * @param {object} parts
   * @param {import('./environment.js').Environment} parts.environment
   * @param {import('./listeners.js').Listeners} parts.listeners
   * @param {number} parts.patience how long silence is no sign of death, milliseconds
   */
  constructor({ environment, listeners, patience }) {
    this.#environment = environment;
    this.#listeners = listeners;
    this.#patience = patience;
    this.#doubt = new Timer(environment);
  }

  /** When the last sign of life came while all was current, Unix milliseconds; null if nothing ever was. */
  get currentAt() {
    return this.#currentAt;
  }

  /** A sign of life came. */
  heard() {
    if (this.#isVouchedFor) this.#currentAt = this.#environment.date();
  }

  /** All is current from now on. */
  renew() {
    this.#doubt.stop();
    this.#isVouchedFor = true;
    this.isStale = false;
    this.heard();
  }

  /** A connection takes the place of another. The values were current a moment ago; that is no answer for ever. */
  replace() {
    this.#isVouchedFor = false;
    if (this.isStale) return;
    const silence = this.#environment.date() - (this.#currentAt ?? 0);
    this.#doubt.start(Math.max(this.#patience - silence, 0), () => this.lose('nothing was heard while the connection was replaced'));
  }

  /** Nobody vouches for the values any more: told once. @param {string} reason */
  lose(reason) {
    if (!this.isStale) this.tellLost(reason);
  }

  /** @param {string} reason */
  tellLost(reason) {
    this.#doubt.stop();
    this.#isVouchedFor = false;
    this.isStale = true;
    this.#listeners.tell('stale', { reason, since: this.#currentAt });
  }
}

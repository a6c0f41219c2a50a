/** The client's events and their listeners. */
import { callOut } from './callout.js';

/**
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {'idle' | 'connecting' | 'live' | 'waiting' | 'offline' | 'hidden' | 'closed'} State
 *
 * @typedef {object} StateDetails
 * @property {State} state
 * @property {TransportName} transport
 * @property {string} [reason]
 * @property {string} [code] why, in the gateway's word: `draining`, `overloaded`, …
 * @property {number} [retryIn] milliseconds, with `waiting`
 *
 * @typedef {object} Events the events of `on`
 * @property {StateDetails} state
 * @property {{transport: TransportName, resumed: boolean, cursor: string | null}} live all values are current from now on; also while the state stays `live`, when the gateway has caught up
 * @property {{reason: string, since: number | null}} stale values may be out of date, until `live`: the link is lost, or the gateway itself has lost the stream of updates; `since`: when the last sign of life came, Unix milliseconds, null if nothing was ever live
 * @property {{reason: string}} reset earlier values are void; a snapshot follows
 * @property {import('./transport.js').Gap} gap updates of a `log` topic are gone
 * @property {{code: string, message: string}} error
 */

export class Listeners {
  /** @type {Map<keyof Events, Set<(details: any) => void>>} */
  #listeners = new Map();

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(details: Events[Name]) => void} listener
   * @returns {() => void} stops it
   */
  add(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} details
   */
  tell(name, details) {
    for (const listener of this.#listeners.get(name) ?? []) callOut(() => listener(details));
  }
}

/** The client that a page uses: subscriptions and values on one side, the link to the gateway on the other. */
import { Board } from './board.js';
import { realEnvironment } from './environment.js';
import { GateError } from './error.js';
import { Link } from './link.js';
import { Listeners } from './listeners.js';
import { topicFault } from './patterns.js';
import { Subscription } from './subscription.js';

/**
 * @template [Data=any]
 * @typedef {import('./transport.js').Update<Data>} Update
 */

/**
 * @typedef {import('./ladder.js').TransportName} TransportName
 * @typedef {import('./listeners.js').State} State
 * @typedef {import('./listeners.js').StateDetails} StateDetails
 * @typedef {import('./listeners.js').Events} Events
 *
 * @typedef {object} Options
 * @property {TransportName | 'auto'} [transport] `auto` (default) starts at WebSocket, goes down as needed, and up again later
 * @property {(details: {isRefresh: boolean}) => string | null | Promise<string | null>} [token] called whenever one is needed; `isRefresh`: the last one was refused or ends soon
 * @property {() => string | Promise<string>} [ticket] called for each connection, whatever its transport: the page's own server gets tickets by `POST /tickets`
 * @property {RequestCredentials} [credentials] `include`: the cookie goes to a gateway of another origin, too
 * @property {number | null} [maxRate] updates of a topic a second; null (default) for no limit
 * @property {number | null} [last] of `log` topics only so many of the updates that are kept, then all that come; null (default) for all. 0: only what comes
 * @property {number} [heartbeat] seconds of silence after which the gateway sends a sign of life, 1 to 60; default 2. Two that fail to come end the connection
 * @property {number} [pauseHiddenAfter] milliseconds after which a hidden page lets go of its connection; default 5 minutes, `Infinity` for never
 * @property {import('./environment.js').Environment} [environment] for tests
 */

export class Tidegate {
  #board;
  #listeners = new Listeners();
  #link;

  /**
   * @param {string | URL | Record<string, string | URL>} [url] the gateway's address, or those of a cluster's nodes by their names; default: the page's origin
   * @param {Options} [options]
   */
  constructor(url = './', options = {}) {
    const environment = options.environment ?? realEnvironment();
    const last = options.last ?? null;
    if (last !== null && !(Number.isInteger(last) && last >= 0)) {
      throw new GateError('bad_request', 'The last updates of a log are a whole number of them, or null for all.');
    }
    this.#board = new Board(environment);
    this.#link = new Link({
      surroundings: {
        environment,
        heartbeat: options.heartbeat ?? 2,
        last,
        token: async (isRefresh) => (await options.token?.({ isRefresh })) ?? null,
        ticket: options.ticket ? async () => /** @type {any} */ (options).ticket() : null,
        credentials: options.credentials ?? 'same-origin',
      },
      places: baseURLs(url),
      board: this.#board,
      listeners: this.#listeners,
      transport: options.transport ?? 'auto',
      maxRate: options.maxRate ?? null,
      pauseHiddenAfter: options.pauseHiddenAfter,
    });
  }

  // State.

  /** @returns {State} */
  get state() {
    return this.#link.state;
  }

  /** @returns {TransportName} the transport in use or being tried */
  get transport() {
    return this.#link.transport;
  }

  /** Whether the caller chose the transport. */
  get isTransportForced() {
    return this.#link.isTransportForced;
  }

  get isStale() {
    return this.#link.freshness.isStale;
  }

  /** When the last sign of life came while all was current, Unix milliseconds by this machine's clock; null if nothing ever was. */
  get currentAt() {
    return this.#link.freshness.currentAt;
  }

  get cursor() {
    return this.#link.cursor;
  }

  get maxRate() {
    return this.#link.maxRate;
  }

  /** Counts since the client was made: updates, conflated, repeats, bytes, messages, connections, resets, gaps. */
  get counts() {
    return { ...this.#board.counts, ...this.#link.counts };
  }

  /**
   * The newest update of a subscribed topic.
   * @param {string} topic
   * @returns {Update | null}
   */
  get(topic) {
    return this.#board.record(topic)?.update ?? null;
  }

  /**
   * How many updates of a topic this client was never sent.
   * @param {string} topic
   */
  conflated(topic) {
    return this.#board.record(topic)?.conflated ?? 0;
  }

  // Requests.

  /**
   * Calls `callback` with the known values, then with each update. With `frame` it calls at most once an
   * animation frame, with an array: the latest update of each topic that changed. `parse` makes the data of its JSON,
   * in place of `JSON.parse`. With `stale` an update is told once more, as `update.stale` shows, when its value has grown stale.
   * @template {boolean} [Frame=false]
   * @template [Data=any]
   * @param {string | string[]} topics topics and patterns
   * @param {(update: Frame extends true ? Update<Data>[] : Update<Data>) => void} callback
   * @param {{frame?: Frame, parse?: (text: string) => Data, stale?: boolean}} [options]
   * @returns {() => void} ends the subscription
   */
  subscribe(topics, callback, options = {}) {
    const patterns = [topics].flat();
    for (const pattern of patterns) {
      const fault = topicFault(pattern);
      if (fault) throw new GateError('invalid_topic', `${JSON.stringify(pattern)}: ${fault}`);
    }
    const subscription = new Subscription(patterns, callback, options);
    this.#board.add(subscription);
    this.#link.patternsChanged(patterns);
    return () => {
      this.#board.remove(subscription);
      this.#link.patternsChanged();
    };
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(details: Events[Name]) => void} listener
   * @returns {() => void} stops it
   */
  on(name, listener) {
    return this.#listeners.add(name, listener);
  }

  /** @param {number | null} maxRate updates of a topic a second; null for no limit */
  setPace(maxRate) {
    if (maxRate === this.#link.maxRate) return;
    if (maxRate !== null && !(Number.isFinite(maxRate) && maxRate > 0)) {
      throw new GateError('bad_request', 'A pace is a number above 0, or null for no limit.');
    }
    this.#link.setPace(maxRate);
  }

  /**
   * Changes the transport at once; no update is missed.
   * @param {TransportName | 'auto'} name
   */
  setTransport(name) {
    this.#link.setTransport(name);
  }

  /**
   * Publishes one value, or many updates at once: all of them or none. The `text` of an update is its data's JSON, and goes out as it stands.
   * @param {string | import('./requests.js').Publication[]} what a topic, or updates
   * @param {any} [data] the value, with a topic
   * @param {{key?: string}} [options] with updates it is the second argument. What comes under the same `key` again, after a cut, is published once
   * @returns {Promise<number>} how many were accepted
   */
  publish(what, data, options) {
    if (typeof what !== 'string') return this.#link.publish(what, data?.key);
    return this.#link.publish([{ topic: what, data }], options?.key);
  }

  /** @returns {Promise<number>} milliseconds to the gateway and back */
  measureLatency() {
    return this.#link.measureLatency();
  }

  /** Drops the connection and makes a new one at once. */
  reconnect() {
    this.#link.reconnect();
  }

  /** Ends the connection for good. Subscriptions stay, and resume with `reconnect`. */
  close() {
    this.#link.close();
  }
}

/**
 * By name, where gateways are.
 * @param {string | URL | Record<string, string | URL>} url
 * @returns {Record<string, URL>}
 */
function baseURLs(url) {
  if (typeof url === 'string' || url instanceof URL) return { '': baseURL(url) };
  const places = Object.entries(url).map(([name, place]) => [name, baseURL(place)]);
  if (places.length === 0) throw new GateError('bad_request', 'No gateway is named: an address, or those of nodes by their names.');
  return Object.fromEntries(places);
}

/**
 * The folder that `url` names, as `http:` or `https:`.
 * @param {string | URL} url
 */
function baseURL(url) {
  const base = new URL(url, globalThis.document?.baseURI);
  base.protocol = base.protocol.replace(/^ws/, 'http');
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  base.search = '';
  base.hash = '';
  return base;
}

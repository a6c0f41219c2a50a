/**
 * What all transports share: their plan and their reports. Each connection has one object, which opens once,
 * reports `closed` once, and is thrown away.
 *
 * @typedef {object} Start the patterns of a connection, and where their updates begin
 * @property {string[]} covered the patterns that `cursor` covers
 * @property {string[]} uncovered the patterns that need a whole snapshot
 * @property {string | null} cursor null if nothing is covered
 *
 * @typedef {Start & {maxRate: number | null}} Plan
 *
 * @typedef {object} Gap updates of a `log` topic that are gone
 * @property {string} topic
 * @property {number} next the version that follows
 * @property {number} [missed]
 *
 * @typedef {object} Staleness a topic whose value counts as stale, until its next update
 * @property {string} topic
 * @property {number} since when the value became so, Unix milliseconds
 *
 * @typedef {object} Ending why a connection is over
 * @property {'lost' | 'blocked' | 'overloaded' | 'refused'} kind `refused` is for good
 * @property {boolean} [isCertain] with `blocked`: the same again would not help
 * @property {boolean} [isLasting] with `blocked`: refused for good here, though another transport may get through
 * @property {boolean} [isTold] the page knows the reason already
 * @property {string} reason
 * @property {string} [problem] the gateway's code for it: `invalid_topic`, `unauthenticated`, …
 * @property {number} [code] the close code of a WebSocket, the status of an answer
 * @property {number} [retryAfter] milliseconds, if the gateway named them
 *
 * @typedef {object} Sink the receiver of a transport's reports
 * @property {(byteCount: number) => void} heard any bytes came
 * @property {(updates: Update[], cursor?: string) => void} updates
 * @property {(cursor: string) => void} cursor
 * @property {(patterns: string[], cursor: string) => void} covered the cursor now covers these too
 * @property {(resumed: boolean, isAway: boolean) => void} live the snapshot is complete; `isAway`: of a gateway that has lost the stream of updates
 * @property {(isAway: boolean) => void} away the gateway has lost the stream of updates, or has it
 * @property {(reason: string) => void} reset forget all values; a snapshot follows
 * @property {(gap: Gap) => void} gap
 * @property {(staleness: Staleness, cursor?: string) => void} stale
 * @property {(milliseconds: number, avoided?: string, reason?: string) => void} goodbye `avoided`: the name of a node not to come back to
 * @property {(patterns: string[], code: string, message: string) => void} refused these for good; what else is subscribed goes on
 * @property {(code: string, message: string) => void} error
 * @property {(ending: Ending) => void} closed
 *
 * @typedef {object} Surroundings settings of all connections of a client
 * @property {import('./environment.js').Environment} environment
 * @property {URL} base the address of the gateway to connect to
 * @property {(isRefresh: boolean) => Promise<string | null>} token
 * @property {(() => Promise<string>) | null} ticket a new one, good once
 * @property {RequestCredentials} credentials of requests
 * @property {number} heartbeat seconds
 * @property {number | null} last how many of the updates that a log keeps are wanted; null: all. The gateway passes over it where there is a cursor
 *
 * @typedef {Surroundings & {sink: Sink}} Context the arguments of a transport
 */

/**
 * @template [Data=any]
 * @typedef {object} Update one new value of one topic
 * @property {string} topic
 * @property {number} version
 * @property {number} time when the gateway accepted it, Unix milliseconds
 * @property {number} [at] when it happened by the publisher's own clock, Unix milliseconds
 * @property {Data} [data]
 * @property {string} [text] the data's JSON as it came, to the last digit
 * @property {number} [stale] since when the value counts as stale, Unix milliseconds; without it, it does not
 * @property {true} [deleted] the update that ends the topic
 * @property {true} [expired] with `deleted`: its time to live is over
 */

/** How long a connection may take to show its first sign of life. */
export const openMilliseconds = 5000;

/** A connection is dead that has missed two heartbeats, and a little: by default 4.5 s. */
export const deadHeartbeats = 2.25;

/** A longer URL may be refused on the way: the gateway takes 8 KiB, many a proxy 4, some programs 2. */
const urlByteLimit = 2000;
/** Slower lines than 32 KB a second are given up. */
const slowestBytesPerMillisecond = 32;

/**
 * A request to subscribe, which asks for staleness too. Its URL says what to, or its body where the URL would be long.
 * @param {URL} base
 * @param {string} path
 * @param {string[]} topics
 * @param {Record<string, string | number | null>} settings nulls are left out
 * @returns {{url: URL, init: RequestInit, uploadMilliseconds: number}}
 */
export function subscribing(base, path, topics, settings) {
  const url = new URL(path, base);
  const given = Object.entries(settings).filter(([, value]) => value !== null);
  const query = [`topics=${topics.map(encodeURIComponent).join(',')}`, ...given.map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`), 'stale=1'];
  const search = query.join('&').replaceAll('%2F', '/');
  if (url.href.length + 1 + search.length <= urlByteLimit) {
    url.search = search;
    return { url, init: {}, uploadMilliseconds: 0 };
  }
  const body = JSON.stringify({ topics, ...Object.fromEntries(given), stale: true });
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
  return { url, init, uploadMilliseconds: body.length / slowestBytesPerMillisecond };
}

/**
 * A request with the token, if there is one; repeated with a fresh token if that one is refused.
 * @param {Surroundings} surroundings
 * @param {URL} url
 * @param {RequestInit} [init]
 */
export async function request(surroundings, url, init = {}) {
  const send = async (/** @type {boolean} */ isRefresh) => {
    const token = await surroundings.token(isRefresh);
    const headers = { ...init.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const { credentials } = surroundings;
    return { token, response: await surroundings.environment.fetch(url, { cache: 'no-store', credentials, ...init, headers }) };
  };
  const first = await send(false);
  if (first.response.status !== 401 || !first.token) return first.response;
  return (await send(true)).response;
}

/**
 * A request to subscribe, with a ticket where the page has tickets; repeated with a new one if that is refused.
 * @param {Surroundings} surroundings
 * @param {URL} url
 * @param {RequestInit} init
 * @param {string | null} [ticket] one at hand
 */
export async function requestWithTicket(surroundings, url, init, ticket = null) {
  if (!surroundings.ticket) return request(surroundings, url, init);
  const send = async (/** @type {string} */ shown) => request(surroundings, withTicket(url, shown), init);
  const first = await send(ticket ?? (await surroundings.ticket()));
  return first.status === 401 ? send(await surroundings.ticket()) : first;
}

/** @param {URL} url @param {string} ticket */
export function withTicket(url, ticket) {
  const shown = new URL(url);
  shown.search += `${shown.search ? '&' : '?'}ticket=${encodeURIComponent(ticket)}`;
  return shown;
}

/** A timer this late shows that the page itself stood still; what came meanwhile is heard first, within the same time. */
const lateMilliseconds = 1000;

/** Acts once after a period of silence. */
export class SilenceTimer {
  #environment;
  #action;
  /** @type {any} */
  #timer = null;
  #due = 0;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {() => void} action
   */
  constructor(environment, action) {
    this.#environment = environment;
    this.#action = action;
  }

  /**
   * Allows this much silence from now on, or from the next bytes on. Cheap, because it does not move the timer.
   * @param {number} milliseconds
   */
  allow(milliseconds) {
    this.#due = this.#environment.now() + milliseconds;
    if (this.#timer === null) this.#arm(milliseconds);
  }

  /** Starts a new period of silence, which may be shorter than the current one. @param {number} milliseconds */
  restart(milliseconds) {
    this.stop();
    this.allow(milliseconds);
  }

  stop() {
    if (this.#timer !== null) this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param {number} milliseconds @param {boolean} [isLate] a timer was late already */
  #arm(milliseconds, isLate = false) {
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = null;
      const left = this.#due - this.#environment.now();
      if (left > 0) this.#arm(left);
      else if (left < -lateMilliseconds && !isLate) this.#arm(lateMilliseconds, true);
      else this.#action();
    }, milliseconds);
  }
}

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
 * @typedef {object} Ending why a connection is over
 * @property {'lost' | 'blocked' | 'overloaded' | 'refused'} kind `refused` is for good
 * @property {boolean} [isCertain] `blocked` is certain
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
 * @property {(resumed: boolean) => void} live the snapshot is complete
 * @property {(reason: string) => void} reset forget all values; a snapshot follows
 * @property {(gap: Gap) => void} gap
 * @property {(milliseconds: number) => void} goodbye
 * @property {(code: string, message: string) => void} error
 * @property {(ending: Ending) => void} closed
 *
 * @typedef {object} Surroundings settings of all connections of a client
 * @property {import('./environment.js').Environment} environment
 * @property {URL} base the gateway's address
 * @property {(isRefresh: boolean) => Promise<string | null>} token
 * @property {number} heartbeat seconds
 *
 * @typedef {Surroundings & {sink: Sink}} Context the arguments of a transport
 */

/**
 * @template [Data=any]
 * @typedef {object} Update one new value of one topic
 * @property {string} topic
 * @property {number} version
 * @property {number} time when the gateway accepted it, Unix milliseconds
 * @property {Data} [data]
 * @property {string} [text] the data's JSON as it came, to the last digit
 * @property {true} [deleted] the update that ends the topic
 */

/** How long a connection may take to show its first sign of life. */
export const openMilliseconds = 5000;

/** A connection that is silent for this many heartbeats is dead. */
export const deadHeartbeats = 2.5;

/**
 * The query of an event stream or a poll.
 * @param {URL} base
 * @param {string} path
 * @param {string[]} topics
 * @param {Record<string, string | number | null>} settings nulls are left out
 */
export function queryURL(base, path, topics, settings) {
  const url = new URL(path, base);
  const parts = [`topics=${topics.map(encodeURIComponent).join(',')}`];
  for (const [name, value] of Object.entries(settings)) {
    if (value !== null) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  url.search = parts.join('&').replaceAll('%2F', '/');
  return url;
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
    return { token, response: await surroundings.environment.fetch(url, { cache: 'no-store', ...init, headers }) };
  };
  const first = await send(false);
  if (first.response.status !== 401 || !first.token) return first.response;
  return (await send(true)).response;
}

/**
 * What an unsuccessful answer means for the connection.
 * @param {Response} response
 * @returns {Promise<Ending & { problem: string }>}
 */
export async function refusal(response) {
  const { status } = response;
  const body = await response.json().catch(() => ({}));
  const reason = body.detail ?? `the gateway answered ${status}`;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  const problem = body.code ?? 'bad_request';
  const rest = { reason, code: status, retryAfter, problem };
  // The gateway's refusals have a code; a refusal without one comes from a proxy in between.
  if (status === 429 || status === 503) return { kind: 'overloaded', ...rest };
  if (body.code && status >= 400 && status < 500 && status !== 404) return { kind: 'refused', ...rest };
  if (status >= 500 && status !== 501) return { kind: 'lost', ...rest };
  return { kind: 'blocked', isCertain: true, ...rest };
}

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

  /** @param {number} milliseconds */
  #arm(milliseconds) {
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = null;
      const left = this.#due - this.#environment.now();
      if (left > 0) this.#arm(left);
      else this.#action();
    }, milliseconds);
  }
}

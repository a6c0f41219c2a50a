/** What a refusal means: the same asked again is mostly refused again, and some refusals pass. */

/** @typedef {import('./transport.js').Ending} Ending */

/** Codes of the gateway (docs/protocol.md, section 7) that pass: the same may be granted later. */
const passing = new Set(['rate_limited', 'overloaded', 'draining', 'internal']);
/** Those that stay. What was sent, or who sent it, must change first. */
const lasting = new Set([
  'bad_request', 'invalid_json', 'invalid_topic', 'invalid_cursor', 'unauthenticated', 'forbidden', 'payload_too_large', 'too_many_topics', 'misdirected', 'conflict',
]);
/** Those of a gateway that does not know the request: it may know the one of another transport. */
const unknowing = new Set(['not_found', 'method_not_allowed']);
/** Answers of proxies that pass. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
/** The codes for answers without one. */
const codes = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 405: 'method_not_allowed', 412: 'conflict', 413: 'payload_too_large', 414: 'payload_too_large', 421: 'misdirected', 431: 'payload_too_large' };

/** @param {string} code */
export const passes = (code) => passing.has(code);

/** @param {string} code */
export const lasts = (code) => lasting.has(code);

/**
 * What an unsuccessful answer means for the connection.
 * @param {Response} response
 * @param {number} now Unix milliseconds
 * @returns {Promise<Ending & {problem: string, version?: any}>}
 */
export async function refusal(response, now) {
  const { status } = response;
  const { code, detail, version } = (await response.json().catch(() => null)) ?? {};
  return {
    ...meaning(status, code),
    reason: typeof detail === 'string' ? detail : `the answer was ${status}`,
    problem: typeof code === 'string' ? code : codes[status] ?? 'bad_request',
    version,
    code: status,
    retryAfter: patience(response, now) ?? undefined,
  };
}

/**
 * @param {number} status
 * @param {any} code the gateway's; a proxy gives none
 * @returns {Pick<Ending, 'kind' | 'isCertain' | 'isLasting'>}
 */
function meaning(status, code) {
  if (lasting.has(code)) return { kind: 'refused' };
  if (unknowing.has(code)) return { kind: 'blocked', isCertain: true, isLasting: true };
  if (status === 429 || status === 503) return { kind: 'overloaded' };
  if (passing.has(code) || passingStatuses.has(status)) return { kind: 'lost' };
  // Some proxies say 404 while what is behind them starts.
  return { kind: 'blocked', isCertain: true, isLasting: status !== 404 };
}

/** The wait that an answer asks for (RFC 9110 §10.2.3), in milliseconds, or null. @param {Response} response @param {number} now Unix milliseconds */
export function patience(response, now) {
  const text = response.headers.get('Retry-After') ?? '';
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return milliseconds >= 0 ? milliseconds : null;
}

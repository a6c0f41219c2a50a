/** Commands as requests of their own, for when no connection takes commands. */
import { GateError } from './error.js';
import { refusal } from './refusals.js';
import { request } from './transport.js';

/**
 * @typedef {import('./transport.js').Surroundings} Surroundings
 * @typedef {{topic: string, data?: any, text?: string, deleted?: true, ttl?: number, at?: number, ifVersion?: number}} Publication with `text`, the data's JSON goes out as it stands there; `ttl` in seconds, `at` in Unix milliseconds; `ifVersion`: only if the topic has that version, 0: only if it is not there
 */

/** The updates as JSON. @param {Publication[]} updates */
export const publicationsText = (updates) => `[${updates.map(publicationText).join(',')}]`;

/** @param {Publication} update */
function publicationText({ text, ...update }) {
  if (text === undefined) return JSON.stringify(update);
  try {
    JSON.parse(text);
  } catch (/** @type {any} */ error) {
    throw new GateError('invalid_json', `The text for ${update.topic} is no JSON: ${error.message}.`);
  }
  const { topic, ttl, at, ifVersion } = update;
  return `${JSON.stringify({ topic, ttl, at, ifVersion }).slice(0, -1)},"data":${text}}`;
}

/**
 * @param {Surroundings} surroundings
 * @param {string} updates as JSON
 * @param {string} [key] under which they are published once
 * @returns {Promise<number>} how many were accepted
 */
export async function postUpdates(surroundings, updates, key) {
  const response = await request(surroundings, new URL('publish', surroundings.base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Idempotency-Key': key }) },
    body: updates,
  }).catch((error) => {
    throw new GateError('unreachable', `The gateway could not be reached: ${error.message}.`);
  });
  if (response.ok) return (await response.json()).accepted;
  const { problem, reason, version } = await refusal(response, surroundings.environment.date());
  throw new GateError(problem, reason, version);
}

/** @param {Surroundings} surroundings @returns {Promise<number>} milliseconds there and back */
export async function timeRequest({ environment, base }) {
  const start = environment.now();
  await environment.fetch(new URL('healthz', base), { cache: 'no-store' });
  return environment.now() - start;
}

/** Commands as requests of their own, for when no connection takes commands. */
import { GateError } from './error.js';
import { refusal } from './refusals.js';
import { request } from './transport.js';

/**
 * @typedef {import('./transport.js').Surroundings} Surroundings
 * @typedef {{topic: string, data?: any, text?: string, deleted?: true, ttl?: number, at?: number}} Publication with `text`, the data's JSON goes out as it stands there; `ttl` in seconds, `at` in Unix milliseconds
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
  const { topic, ttl, at } = update;
  return `${JSON.stringify({ topic, ttl, at }).slice(0, -1)},"data":${text}}`;
}

/**
 * @param {Surroundings} surroundings
 * @param {string} updates as JSON
 * @returns {Promise<number>} how many were accepted
 */
export async function postUpdates(surroundings, updates) {
  const response = await request(surroundings, new URL('publish', surroundings.base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: updates,
  }).catch((error) => {
    throw new GateError('unreachable', `The gateway could not be reached: ${error.message}.`);
  });
  if (response.ok) return (await response.json()).accepted;
  const { problem, reason } = await refusal(response, surroundings.environment.date());
  throw new GateError(problem, reason);
}

/** @param {Surroundings} surroundings @returns {Promise<number>} milliseconds there and back */
export async function timeRequest({ environment, base }) {
  const start = environment.now();
  await environment.fetch(new URL('healthz', base), { cache: 'no-store' });
  return environment.now() - start;
}

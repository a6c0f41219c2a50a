/** Commands as requests of their own, for when no connection takes commands. */
import { GateError } from './error.js';
import { refusal, request } from './transport.js';

/**
 * @typedef {import('./transport.js').Surroundings} Surroundings
 * @typedef {{topic: string, data?: any, deleted?: true}} Publication
 */

/**
 * @param {Surroundings} surroundings
 * @param {Publication[]} updates
 * @returns {Promise<number>} how many were accepted
 */
export async function postUpdates(surroundings, updates) {
  const response = await request(surroundings, new URL('publish', surroundings.base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(updates),
  }).catch((error) => {
    throw new GateError('unreachable', `The gateway could not be reached: ${error.message}.`);
  });
  if (response.ok) return (await response.json()).accepted;
  const { problem, reason } = await refusal(response);
  throw new GateError(problem, reason);
}

/** @param {Surroundings} surroundings @returns {Promise<number>} milliseconds there and back */
export async function timeRequest({ environment, base }) {
  const start = environment.now();
  await environment.fetch(new URL('healthz', base), { cache: 'no-store' });
  return environment.now() - start;
}

/** A client under test: its events, and the messages of a gateway to send it. */
import { Tidegate } from '../../../public/tidegate.js';
import { World } from './world.mjs';

const eventNames = ['state', 'live', 'stale', 'reset', 'gap', 'error'];

/** @param {object} [options] of the client @param {World} [world] @param {any} [url] */
export function stage(options = {}, world = new World(), url = 'http://gate.example/base/') {
  const gate = new Tidegate(url, { environment: world.environment(), heartbeat: 5, ...options });
  /** Names of the client's events, in order; states as `state:live`. */
  const told = [];
  const details = [];
  for (const name of eventNames) {
    gate.on(name, (detail) => {
      told.push(name === 'state' ? `state:${detail.state}` : name);
      details.push({ name, ...detail });
    });
  }
  const taken = [];
  const take = (update) => taken.push(`${update.topic}@${update.version}`);
  return { world, gate, told, details, taken, take, last: (name) => details.findLast((detail) => detail.name === name) };
}

/** The gateway's side of a WebSocket until it is live. */
export async function goLive(world, { cursor = 'e-1', updates = [], resumed = false } = {}) {
  await world.settle();
  const { socket } = world;
  socket.receive({ type: 'welcome', session: 's', heartbeat: 5 });
  await world.settle();
  for (const { type, id, topics } of socket.sent) {
    if (type !== 'subscribe') continue;
    socket.receive({ type: 'subscribed', id, topics, resumed });
    if (updates.length > 0) socket.receive({ type: 'updates', updates });
    socket.receive({ type: 'live', id, cursor });
  }
  await world.settle();
  return socket;
}

/** The query of a request, with its topics as a list. */
export function query(request) {
  const found = Object.fromEntries(request.url.searchParams);
  return { path: request.url.pathname, ...found, topics: found.topics?.split(',') };
}

/** Events as the gateway writes them. */
export const events = {
  update: (update, id) => `data: ${JSON.stringify(update)}\n${id ? `id: ${id}\n` : ''}\n`,
  live: (id, resumed = false) => `event: live\nid: ${id}\ndata: {"resumed":${resumed}}\n\n`,
  reset: () => 'event: reset\nid: \ndata: {"reason":"the epoch is another"}\n\n',
  gap: (gap) => `event: gap\ndata: ${JSON.stringify(gap)}\n\n`,
  stale: (topic, id) => `event: stale\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(topic)}\n\n`,
  goodbye: (milliseconds, avoid) => `retry: ${milliseconds}\nevent: goodbye\ndata: ${JSON.stringify({ reason: 'draining', reconnectAfter: milliseconds, avoid })}\n\n`,
  heartbeat: (id) => `event: heartbeat\nid: ${id}\ndata: {"time":1}\n\n`,
};

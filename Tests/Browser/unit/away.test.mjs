// A gateway that has lost the stream of updates says so, by each transport: the link is live, and the values may be old.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goLive, stage } from './stage.mjs';

const stale = (isAway) => (isAway ? { stale: true } : {});
const event = (type, id, data) => `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** By each transport: a client that is live, and a sign of life that says whether the gateway is behind. */
const openings = {
  async ws({ world }) {
    const socket = await goLive(world);
    return (isAway) => socket.receive({ type: 'heartbeat', time: 1, cursor: 'e-2', ...stale(isAway) });
  },
  async sse({ world }) {
    await world.settle();
    const { request } = world;
    request.stream(event('live', 'e-1', { resumed: false }));
    await world.settle();
    return (isAway) => request.write(event('heartbeat', 'e-2', { time: 1, ...stale(isAway) }));
  },
  async poll({ world }) {
    await world.settle();
    world.request.answer(200, { cursor: 'e-1', updates: [] });
    await world.settle();
    return async (isAway) => {
      world.request.answer(200, { cursor: 'e-2', updates: [], ...(isAway ? { away: true } : {}) });
      await world.advance(1000);
    };
  },
};

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} it is stale while the gateway is behind, and live again`, async () => {
    const stand = stage({ transport });
    const { world, gate, told, last } = stand;
    gate.subscribe('a', () => {});
    const hear = await openings[transport](stand);
    assert.deepEqual([gate.state, gate.isStale], ['live', false]);
    const before = told.length;
    for (const isAway of [false, true, true, false, false]) {
      await hear(isAway);
      await world.settle();
      assert.deepEqual([gate.state, gate.isStale], ['live', isAway]);
    }
    assert.deepEqual(told.slice(before), ['stale', 'live']);
    assert.equal(last('stale').reason, 'the gateway has lost the stream of updates');
    assert.equal(gate.cursor, 'e-2');
  });
}

/** By each transport: the gateway is behind when the client comes. */
const arrivals = {
  async ws({ world }) {
    await world.settle();
    const { socket } = world;
    socket.receive({ type: 'welcome', session: 's', heartbeat: 5 });
    await world.settle();
    const { id, topics } = socket.sent.find(({ type }) => type === 'subscribe');
    socket.receive({ type: 'subscribed', id, topics, resumed: false }, { type: 'live', id, cursor: 'e-1', stale: true });
  },
  async sse({ world }) {
    await world.settle();
    world.request.stream(event('live', 'e-1', { resumed: false, stale: true }));
  },
  async poll({ world }) {
    await world.settle();
    world.request.answer(200, { cursor: 'e-1', updates: [], away: true });
  },
};

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} who comes to a gateway that is behind is told so, and not that all is current`, async () => {
    const stand = stage({ transport });
    stand.gate.subscribe('a', () => {});
    await arrivals[transport](stand);
    await stand.world.settle();
    assert.deepEqual(stand.told, ['state:connecting', 'state:live', 'stale']);
    assert.deepEqual([stand.gate.state, stand.gate.isStale], ['live', true]);
  });
}

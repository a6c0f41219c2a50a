// Silence is noticed, by each transport; what is told is when the last sign of life came, and not when it was missed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, query, stage } from './stage.mjs';

const start = 1_764_000_000_000;

/** By each transport: a client that is live, and a sign of life. */
const openings = {
  async ws({ world }) {
    const socket = await goLive(world);
    return () => socket.receive({ type: 'heartbeat', time: 1, cursor: 'e-1' });
  },
  async sse({ world }) {
    await world.settle();
    const { request } = world;
    request.stream(events.live('e-1'));
    return () => request.write(events.heartbeat('e-1'));
  },
  async poll({ world }) {
    await world.settle();
    world.request.answer(200, { cursor: 'e-1', updates: [] });
    return () => world.request.answer(200, { cursor: 'e-1', updates: [] });
  },
};

async function live(transport) {
  const stand = stage({ transport, heartbeat: undefined });
  stand.gate.subscribe('a', () => {});
  const beat = await openings[transport](stand);
  await stand.world.settle();
  return { ...stand, beat };
}

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} silence is noticed within 5 s by default, and the last sign of life is told`, async () => {
    const { world, gate, beat, last } = await live(transport);
    assert.deepEqual([gate.state, gate.isStale, gate.currentAt], ['live', false, start]);
    for (let round = 0; round < 5; round += 1) {
      await world.advance(2000);
      await beat();
      await world.settle();
    }
    await world.advance(4400);
    assert.equal(gate.isStale, false, 'one that is a little late is none that is missed');
    await world.advance(500);
    assert.deepEqual([gate.isStale, last('stale').since, gate.currentAt], [true, start + 10_000, start + 10_000]);
    assert.match(last('stale').reason, /nothing was heard|no answer came/);
  });
}

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} silence is noticed as soon when it begins at once`, async () => {
    const { world, gate, beat } = await live(transport);
    await world.advance(1500);
    await beat();
    await world.advance(4400);
    assert.equal(gate.isStale, false);
    await world.advance(500);
    assert.deepEqual([gate.isStale, gate.currentAt], [true, start + 1500]);
  });
}

test('by poll the gateway is asked to answer as often as others beat', async () => {
  const { world } = await live('poll');
  assert.equal(query(world.request).wait, '2');
});

test('the time does not move while the values are stale, and does when they are current again', async () => {
  const { world, gate, last } = await live('ws');
  await world.advance(3000);
  world.socket.end(1006);
  assert.equal(last('stale').since, start);
  await world.advance(1000);
  world.socket.receive({ type: 'welcome', session: 's', heartbeat: 2 });
  await world.settle();
  assert.equal(gate.currentAt, start, 'a welcome says nothing of the values');
  await goLive(world, { resumed: true });
  assert.equal(gate.currentAt, start + 4000);
});

test('nothing was ever current before the first value came', async () => {
  const { world, gate } = stage();
  gate.subscribe('a', () => {});
  await world.settle();
  world.socket.end(1006);
  await world.settle();
  world.request.fail();
  await world.settle();
  assert.deepEqual([gate.isStale, gate.currentAt], [true, null]);
});

test('a connection that is replaced leaves the values current, but not for longer than silence would', async () => {
  const { world, gate, told, last } = await live('ws');
  await world.advance(3000);
  gate.setTransport('sse');
  await world.advance(1400);
  assert.equal(gate.isStale, false);
  await world.advance(200);
  assert.deepEqual([gate.state, gate.isStale, last('stale').since], ['connecting', true, start]);
  world.request.stream(events.live('e-1', true));
  await world.settle();
  assert.deepEqual([gate.isStale, told.filter((name) => name === 'stale').length], [false, 1]);
  await world.advance(4000);
  assert.equal(gate.isStale, false, 'the doubt is over');
});

test('a page that stood still hears first what came meanwhile', async () => {
  const { world, gate, beat } = await live('ws');
  world.time += 60_000;
  await world.advance(0);
  assert.equal(gate.isStale, false);
  await beat();
  await world.advance(3000);
  assert.equal(gate.isStale, false);
  world.time += 60_000;
  await world.advance(1000);
  await world.advance(1000);
  assert.equal(gate.isStale, true, 'nothing had come');
});

test('a message of the first snapshot may take longer than silence: nothing is taken for current before', async () => {
  const { world, gate } = stage({ transport: 'ws', heartbeat: undefined });
  gate.subscribe('a', () => {});
  await world.settle();
  world.socket.receive({ type: 'welcome', session: 's', heartbeat: 2 });
  await world.advance(12_000);
  assert.deepEqual([gate.state, gate.isStale, world.sockets.length], ['connecting', true, 1]);
  await world.advance(600);
  assert.equal(world.sockets.length, 2);
});

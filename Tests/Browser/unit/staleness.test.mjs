// A value that has grown stale is told as such, by each transport, until a newer one comes or the topic ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, query, stage } from './stage.mjs';
import { update } from './world.mjs';

const since = 1_764_000_003_000;
const ended = (topic, version, others = {}) => ({ topic, version, time: 1_764_000_000_000 + version, deleted: true, ...others });

/** By each transport: a client that is live with `a@1`, and what a gateway says then. */
const openings = {
  async ws(stand) {
    const socket = await goLive(stand.world, { updates: [update('a', 1)] });
    return async (updates, stale, cursor) => {
      if (updates.length > 0) socket.receive({ type: 'updates', updates, ...(stale.length === 0 ? { cursor } : {}) });
      for (const [place, topic] of stale.entries()) socket.receive({ type: 'stale', ...topic, ...(place === stale.length - 1 ? { cursor } : {}) });
      await stand.world.settle();
    };
  },
  async sse({ world }) {
    await world.settle();
    const { request } = world;
    request.stream(events.update(update('a', 1)), events.live('e-1'));
    await world.settle();
    return async (updates, stale, cursor) => {
      const last = updates.length + stale.length - 1;
      const idAt = (place) => (place === last ? cursor : undefined);
      request.write(...updates.map((one, place) => events.update(one, idAt(place))), ...stale.map((topic, place) => events.stale(topic, idAt(updates.length + place))));
      await world.settle();
    };
  },
  async poll({ world }) {
    await world.settle();
    world.request.answer(200, { cursor: 'e-1', updates: [update('a', 1)] });
    await world.settle();
    return async (updates, stale, cursor) => {
      world.request.answer(200, { cursor, updates, ...(stale.length > 0 ? { stale } : {}) });
      await world.settle();
    };
  },
};

async function live(transport, options = { stale: true }) {
  const stand = stage({ transport });
  const told = [];
  const take = ({ topic, version, stale, deleted, expired }) => told.push([topic, version, ...(stale ? [stale] : []), ...(deleted ? ['deleted'] : []), ...(expired ? ['expired'] : [])]);
  stand.gate.subscribe('*', take, options);
  const hear = await openings[transport](stand);
  return { ...stand, told, take, hear };
}

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} it is told once, with the cursor, and ends with the next update`, async () => {
    const { world, gate, told, hear } = await live(transport);
    await hear([], [{ topic: 'a', since }], 'e-2');
    assert.deepEqual(told, [['a', 1], ['a', 1, since]]);
    assert.equal(gate.get('a').stale, since);
    assert.equal(gate.cursor, 'e-2');
    await hear([update('a', 2)], [], 'e-3');
    assert.deepEqual(told.slice(2), [['a', 2]]);
    assert.equal(gate.get('a').stale, undefined);
    await world.settle();
    assert.equal(gate.cursor, 'e-3');
  });

  test(`by ${transport} a value may come and be stale at once, and an end ends that`, async () => {
    const { gate, told, hear } = await live(transport);
    await hear([update('a', 2), update('b', 4)], [{ topic: 'a', since }, { topic: 'b', since: since + 1 }], 'e-4');
    assert.deepEqual(told.slice(1), [['a', 2], ['b', 4], ['a', 2, since], ['b', 4, since + 1]]);
    assert.equal(gate.cursor, 'e-4');
    await hear([ended('a', 3), ended('b', 5, { expired: true })], [], 'e-6');
    assert.deepEqual(told.slice(5), [['a', 3, 'deleted'], ['b', 5, 'deleted', 'expired']]);
    assert.deepEqual([gate.get('a'), gate.get('b')], [null, null]);
  });

  test(`by ${transport} a callback that did not ask hears nothing of it, and can look`, async () => {
    const { gate, told, hear } = await live(transport, {});
    await hear([], [{ topic: 'a', since }], 'e-2');
    assert.deepEqual(told, [['a', 1]]);
    assert.equal(gate.get('a').stale, since);
  });

  test(`by ${transport} it holds over a connection that is lost, and is not told again`, async () => {
    const { world, gate, told, hear } = await live(transport);
    await hear([update('b', 1)], [{ topic: 'a', since }], 'e-2');
    told.length = 0;
    gate.reconnect();
    assert.equal(gate.get('a').stale, since);
    await world.settle();
    if (transport === 'ws') {
      await goLive(world, { resumed: true, updates: [update('a', 1)], cursor: 'e-3' });
      world.socket.receive({ type: 'stale', topic: 'a', since }, { type: 'stale', topic: 'b', since, cursor: 'e-4' });
    } else if (transport === 'sse') {
      assert.equal(query(world.request).cursor, 'e-2');
      world.request.stream(events.update(update('a', 1)), events.stale({ topic: 'a', since }), events.stale({ topic: 'b', since }, 'e-4'), events.live('e-4', true));
    } else {
      assert.equal(query(world.request).cursor, 'e-2');
      world.request.answer(200, { cursor: 'e-4', updates: [update('a', 1)], stale: [{ topic: 'a', since }, { topic: 'b', since }] });
    }
    await world.settle();
    assert.deepEqual(told, [['b', 1, since]], 'what is new is that b has grown stale meanwhile');
    assert.deepEqual([gate.get('a').stale, gate.cursor, gate.state], [since, 'e-4', 'live']);
  });
}

test('a reset forgets it: what comes then is fresh unless it is said anew', async () => {
  const { world, gate, told, hear } = await live('ws');
  await hear([update('b', 1)], [{ topic: 'a', since }, { topic: 'b', since }], 'e-2');
  told.length = 0;
  gate.reconnect();
  await goLive(world, { resumed: false, updates: [update('a', 1), update('b', 1)], cursor: 'f-1' });
  world.socket.receive({ type: 'stale', topic: 'b', since: since + 5, cursor: 'f-2' });
  assert.deepEqual(told, [['a', 1], ['b', 1], ['b', 1, since + 5]]);
  assert.deepEqual([gate.get('a').stale, gate.get('b').stale], [undefined, since + 5]);
});

test('a newcomer learns with the known value that it is stale', async () => {
  const { world, gate, told, take, hear } = await live('ws');
  await hear([], [{ topic: 'a', since }], 'e-2');
  told.length = 0;
  gate.subscribe('a', take);
  await world.settle();
  assert.deepEqual(told, [['a', 1, since]]);
});

test('an update that was handed out does not change; with frames the newest state is told, and data as parsed', async () => {
  const { world, gate, hear } = await live('ws');
  const frames = [];
  gate.subscribe('*', (updates) => frames.push(updates), { frame: true, stale: true, parse: (text) => `<${text}>` });
  await world.settle();
  world.drawFrame();
  const [[before], held] = [frames[0], gate.get('a')];
  await hear([], [{ topic: 'a', since }], 'e-2');
  world.drawFrame();
  assert.deepEqual([before.stale, held.stale, frames[1].length, frames[1][0].stale, frames[1][0].data], [undefined, undefined, 1, since, before.data]);
  await hear([update('a', 2)], [{ topic: 'a', since: since + 9 }], 'e-3');
  await hear([update('a', 3)], [], 'e-4');
  world.drawFrame();
  assert.deepEqual(frames[2].map(({ version, stale }) => [version, stale]), [[3, undefined]]);
});

test('staleness of what is not held is nothing', async () => {
  const { gate, told, hear } = await live('ws');
  await hear([ended('a', 2)], [{ topic: 'a', since }, { topic: 'nobody', since }], 'e-2');
  assert.deepEqual(told.slice(1), [['a', 2, 'deleted']]);
  assert.deepEqual([gate.get('a'), gate.get('nobody'), gate.cursor], [null, null, 'e-2']);
});

test('by poll staleness is news: the next question follows at once', async () => {
  const { world, hear } = await live('poll');
  const { length } = world.requests;
  await hear([], [{ topic: 'a', since }], 'e-2');
  assert.equal(world.requests.length, length + 1);
});

test('all that a message to publish can say goes out, also beside a text', async () => {
  const { world, gate } = await live('ws');
  gate.publish([{ topic: 'x', data: 1, ttl: 5, at: 7 }, { topic: 'y', text: '1.10', ttl: 0.5, at: 8 }, { topic: 'z', text: '2' }]).catch(() => {});
  await world.settle();
  assert.match(world.socket.texts.at(-1), /"updates":\[\{"topic":"x","data":1,"ttl":5,"at":7\},\{"topic":"y","ttl":0\.5,"at":8,"data":1\.10\},\{"topic":"z","data":2\}\]/);
});

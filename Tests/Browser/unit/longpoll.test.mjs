import assert from 'node:assert/strict';
import { test } from 'node:test';
import { query, stage } from './stage.mjs';
import { update } from './world.mjs';

const big = 'x'.repeat(100_000);

async function open(options = {}) {
  const stand = stage({ transport: 'poll', ...options });
  stand.gate.subscribe('a', stand.take);
  await stand.world.settle();
  const answer = async (cursor, updates = [], others = {}) => {
    stand.world.request.answer(200, { cursor, updates, ...others });
    await stand.world.settle();
  };
  return { ...stand, answer };
}

test('it asks for all at once, is live, then waits for news from cursor to cursor', async () => {
  const { world, gate, taken, told, answer } = await open();
  assert.deepEqual(query(world.request), { path: '/base/poll', topics: ['a'], wait: '0', stale: '1' });
  await answer('e-1', [update('a', 1)]);
  assert.deepEqual(told, ['state:connecting', 'state:live', 'live']);
  assert.deepEqual(query(world.request), { path: '/base/poll', topics: ['a'], cursor: 'e-1', wait: '5', stale: '1' });
  await answer('e-2', [update('a', 2)]);
  await world.advance(5000);
  await answer('e-3');
  assert.deepEqual(taken, ['a@1', 'a@2']);
  assert.equal(gate.cursor, 'e-3');
  assert.equal(query(world.request).cursor, 'e-3');
});

test('of logs it asks for the last updates; beside a cursor the gateway passes over that', async () => {
  const { world, answer } = await open({ last: 50 });
  assert.deepEqual(query(world.request), { path: '/base/poll', topics: ['a'], last: '50', wait: '0', stale: '1' });
  await answer('e-1.5', [update('a', 1, big)]);
  assert.equal(query(world.request).last, '50');
});

test('a snapshot in several answers is live with the last of them', async () => {
  const { gate, world, answer } = await open();
  await answer('e-1', [update('a', 1, big)]);
  assert.equal(gate.state, 'connecting');
  assert.equal(query(world.request).wait, '0');
  await answer('e-2', [update('a', 2, big)]);
  assert.equal(gate.state, 'connecting');
  await answer('e-3', [update('a', 3)]);
  assert.equal(gate.state, 'live');
});

test('no answer, or a broken one, and it comes back with the cursor', async () => {
  const { world, gate, last, answer } = await open();
  await answer('e-1');
  world.request.fail();
  await world.settle();
  assert.equal(last('state').retryIn, 50);
  await world.advance(50);
  assert.equal(query(world.request).cursor, 'e-1');
  await answer('e-2', [update('a', 5)]);
  assert.equal(last('live').resumed, true);
  await world.advance(11_260);
  assert.match(last('state').reason, /no answer/);
  assert.notEqual(gate.state, 'live');
});

test('a reset and gaps are told', async () => {
  const { told, last, answer } = await open();
  await answer('e-1', [update('a', 4)]);
  await answer('f-1', [update('a', 9)], { reset: true, gaps: [{ topic: 'a', next: 9, missed: 8 }] });
  assert.ok(told.includes('reset'));
  assert.equal(last('gap').missed, 8);
});

test('its pace is how often it asks', async () => {
  const { world, answer } = await open({ maxRate: 2 });
  await answer('e-1', [update('a', 1)]);
  assert.equal(world.requests.length, 1);
  await world.advance(499);
  assert.equal(world.requests.length, 1);
  await world.advance(1);
  assert.equal(world.requests.length, 2);
});

test('a further pattern is read whole first, then both from the cursor on', async () => {
  const { world, gate, take, taken, answer } = await open();
  await answer('e-1', [update('a', 1)]);
  gate.subscribe('b', take);
  await world.settle();
  assert.deepEqual(query(world.request), { path: '/base/poll', topics: ['b'], wait: '0', stale: '1' });
  await answer('e-5', [update('b', 1)]);
  assert.deepEqual(query(world.request), { path: '/base/poll', topics: ['a', 'b'], cursor: 'e-1', wait: '0', stale: '1' });
  await answer('e-6', [update('a', 2), update('b', 1)]);
  assert.deepEqual(taken, ['a@1', 'b@1', 'a@2']);
});

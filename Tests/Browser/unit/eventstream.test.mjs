import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, query, stage } from './stage.mjs';
import { update } from './world.mjs';

async function open(options = {}) {
  const stand = stage({ transport: 'sse', ...options });
  stand.gate.subscribe('a', stand.take);
  await stand.world.settle();
  return stand;
}

async function live(options) {
  const stand = await open(options);
  stand.world.request.stream(': tidegate\nretry: 2000\n\n', events.update(update('a', 1)), events.live('e-1'));
  await stand.world.settle();
  return stand;
}

test('of logs it asks for the last updates', async () => {
  const { world } = await open({ last: 3 });
  assert.deepEqual(query(world.request), { path: '/base/sse', topics: ['a'], last: '3', heartbeat: '5', stale: '1' });
});

test('it asks, tells the snapshot, is live, and goes on', async () => {
  const { world, gate, told, taken } = await live({ maxRate: 2 });
  assert.deepEqual(query(world.request), { path: '/base/sse', topics: ['a'], maxRate: '2', heartbeat: '5', stale: '1' });
  assert.equal(world.request.init.headers.Accept, 'text/event-stream');
  assert.deepEqual(told, ['state:connecting', 'state:live', 'live']);
  world.request.write(events.update(update('a', 2)), events.update(update('a', 4), 'e-4'));
  await world.settle();
  assert.deepEqual(taken, ['a@1', 'a@2', 'a@4']);
  assert.equal(gate.cursor, 'e-4');
  assert.equal(gate.conflated('a'), 1);
});

test('blocks without data and heartbeats move the cursor, and keep the link alive', async () => {
  const { world, gate } = await live();
  world.request.write('id: e-2\n\n');
  await world.advance(10_000);
  assert.equal(gate.cursor, 'e-2');
  world.request.write(events.heartbeat('e-3'));
  await world.advance(10_000);
  assert.equal(gate.cursor, 'e-3');
  assert.equal(gate.state, 'live');
  await world.advance(3000);
  assert.equal(gate.isStale, true);
});

test('a stream that ends is taken up again from the cursor', async () => {
  const { world, taken, last } = await live();
  world.request.endStream();
  await world.settle();
  assert.equal(last('state').retryIn, 50);
  await world.advance(50);
  assert.equal(query(world.request).cursor, 'e-1');
  world.request.stream(events.update(update('a', 2), 'e-2'), events.live('e-2', true));
  await world.settle();
  assert.deepEqual(taken, ['a@1', 'a@2']);
  assert.equal(last('live').resumed, true);
});

test('a goodbye says when to come back', async () => {
  const { world, last } = await live();
  world.request.write(events.goodbye(1500));
  world.request.endStream();
  await world.settle();
  assert.equal(last('state').retryIn, 1500);
});

test('a reset forgets, a gap is told', async () => {
  const { world, told, taken, last } = await live();
  world.request.write(events.reset(), events.update(update('a', 1)), events.gap({ topic: 'a', next: 5, missed: 3 }), events.update(update('a', 5), 'e-9'));
  await world.settle();
  assert.ok(told.includes('reset'));
  assert.equal(last('gap').missed, 3);
  assert.deepEqual(taken, ['a@1', 'a@1', 'a@5']);
});

test('who is cut off after a reset comes back without a cursor: another gateway might honour it', async () => {
  const { world } = await live();
  world.request.write(events.reset(), events.update(update('a', 1)));
  world.request.endStream();
  await world.advance(3000);
  assert.equal(query(world.request).cursor, undefined);
});

test('a further pattern is read whole in a stream of its own, then one stream carries both from the cursor on', async () => {
  const { world, gate, take, taken } = await live();
  const first = world.request;
  gate.subscribe('b', take);
  await world.settle();
  assert.ok(first.isAborted);
  assert.deepEqual([query(world.request).topics, query(world.request).cursor], [['b'], undefined]);
  world.request.stream(events.update(update('b', 7), 'e-6'), events.live('e-6'));
  await world.settle();
  assert.equal(gate.cursor, 'e-1', 'the catch-up vouches for b alone');
  assert.deepEqual([query(world.request).topics, query(world.request).cursor], [['a', 'b'], 'e-1']);
  world.request.stream(events.update(update('a', 2)), events.update(update('b', 7), 'e-7'), events.live('e-7', true));
  await world.settle();
  assert.deepEqual(taken, ['a@1', 'b@7', 'a@2']);
  assert.equal(gate.state, 'live');
});

test('a pattern less, another pace: the stream is opened anew with the cursor', async () => {
  const { world, gate, take } = await live();
  const stop = gate.subscribe('b', take);
  stop();
  gate.setPace(5);
  await world.settle();
  assert.deepEqual(query(world.request), { path: '/base/sse', topics: ['a'], cursor: 'e-1', maxRate: '5', heartbeat: '5', stale: '1' });
});

test('the token goes with the request, and is renewed once when it is refused', async () => {
  const { world, gate, last } = await open({ token: ({ isRefresh }) => (isRefresh ? 'fresh' : 'old') });
  assert.equal(world.request.init.headers.Authorization, 'Bearer old');
  world.request.answer(401, { code: 'unauthenticated', detail: 'too old' });
  await world.settle();
  assert.equal(world.request.init.headers.Authorization, 'Bearer fresh');
  world.request.answer(401, { code: 'unauthenticated', detail: 'still not' });
  await world.settle();
  assert.equal(gate.state, 'closed');
  assert.deepEqual(last('error'), { name: 'error', code: 'unauthenticated', message: 'still not' });
  assert.equal(world.requests.length, 2);
});

test('204 is the end; 503 is patience', async () => {
  const ended = await open();
  ended.world.request.answer(204);
  await ended.world.settle();
  assert.equal(ended.gate.state, 'closed');

  const busy = await open();
  busy.world.request.answer(503, { code: 'overloaded', detail: 'full' }, { 'Retry-After': '20' });
  await busy.world.settle();
  assert.equal(busy.last('state').retryIn, 22_500, 'not before, and not all at once');
});

test('publishing goes by HTTP', async () => {
  const { world, gate } = await live();
  const accepted = gate.publish('a', 1);
  await world.settle();
  assert.equal(world.request.url.pathname, '/base/publish');
  assert.deepEqual(JSON.parse(world.request.init.body), [{ topic: 'a', data: 1 }]);
  world.request.answer(200, { accepted: 1 });
  assert.equal(await accepted, 1);
  const refused = gate.publish('a', 1);
  await world.settle();
  world.request.answer(403, { code: 'forbidden', detail: 'not yours' });
  await assert.rejects(refused, { code: 'forbidden', message: 'not yours' });
});

test('a stream that is quiet from the start is given the time of its heartbeats', async () => {
  const { world, gate } = await live();
  await world.advance(11_000);
  assert.equal(gate.state, 'live');
});

// Which transport is in use, and how the client changes to another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, query, stage } from './stage.mjs';
import { World, update } from './world.mjs';

const key = 'tidegate.transport http://gate.example/base/';

/** The upgrade is refused while the gateway answers. */
async function refuseUpgrade(world) {
  await world.settle();
  world.socket.end(1006);
  await world.settle();
  assert.equal(world.request.url.pathname, '/base/healthz');
  world.request.answer(200, '{}');
  await world.settle();
}

test('refused upgrades, tried twice, lead to the event stream, which is remembered', async () => {
  const { world, gate, take, last } = stage();
  gate.subscribe('a', take);
  await refuseUpgrade(world);
  assert.equal(gate.transport, 'ws');
  await refuseUpgrade(world);
  assert.equal(gate.transport, 'sse');
  assert.equal(last('error').code, 'blocked');
  world.request.stream(events.live('e-1'));
  await world.settle();
  assert.equal(gate.state, 'live');
  assert.equal(world.stored.get(key), 'sse');

  const next = stage({}, Object.assign(new World(), { stored: world.stored }));
  next.gate.subscribe('a', next.take);
  await next.world.settle();
  assert.equal(next.world.sockets.length, 0);
  assert.equal(query(next.world.request).path, '/base/sse');
});

test('an upgrade that is swallowed leads down after 5 s', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  await world.advance(5000);
  world.request.answer(200);
  await world.settle();
  assert.equal(gate.transport, 'sse');
});

test('where nothing else is answered either, the gateway is away and the WebSocket not to blame', async () => {
  const { world, gate, take, last } = stage();
  gate.subscribe('a', take);
  await world.advance(5000);
  assert.ok(world.socket.isClosed);
  assert.equal(query(world.request).path, '/base/healthz');
  await world.advance(5000);
  assert.deepEqual([gate.transport, last('state').state, last('state').reason], ['ws', 'waiting', 'the gateway can not be reached']);
  await world.advance(100);
  await goLive(world);
  assert.deepEqual([gate.transport, gate.state], ['ws', 'live']);
});

test('a stream that is held back leads to polling', async () => {
  const world = new World();
  world.stored.set(key, 'sse');
  const { gate, take } = stage({}, world);
  gate.subscribe('a', take);
  await world.settle();
  world.request.stream();
  await world.advance(5000);
  assert.equal(gate.transport, 'poll');
  world.request.answer(200, { cursor: 'e-1', updates: [update('a', 1)] });
  await world.settle();
  assert.equal(gate.state, 'live');
});

for (const [name, status, body, headers] of [
  ['a page of a proxy', 200, '<html>', { 'Content-Type': 'text/html' }],
  ['a 404 that is not ours', 404, 'not found', {}],
  ['a 501', 501, '', {}],
]) {
  test(`${name} in place of a stream leads to polling`, async () => {
    const world = new World();
    world.stored.set(key, 'sse');
    const { gate, take } = stage({}, world);
    gate.subscribe('a', take);
    await world.settle();
    world.request.answer(status, body, headers);
    await world.settle();
    assert.equal(query(world.request).path, '/base/poll');
    assert.equal(gate.transport, 'poll');
  });
}

test('a gateway that is down is no reason to change the transport', async () => {
  const { world, gate, take, last } = stage();
  gate.subscribe('a', take);
  await world.settle();
  for (let count = 0; count < 5; count += 1) {
    world.socket.end(1006);
    await world.settle();
    world.request.fail();
    await world.settle();
    assert.equal(gate.state, 'waiting');
    await world.advance(last('state').retryIn);
  }
  assert.equal(gate.transport, 'ws');
});

test('from below it tries upward after a minute, beside the connection in use, and changes over with the cursor', async () => {
  const world = new World();
  world.stored.set(key, 'sse');
  const { gate, take, taken, told } = stage({}, world);
  gate.subscribe('a', take);
  await world.settle();
  const stream = world.request;
  stream.stream(events.update(update('a', 1)), events.live('e-1'));
  for (let beat = 0; beat < 6; beat += 1) {
    await world.advance(10_000);
    stream.write(events.heartbeat('e-2'));
  }
  const probe = await goLive(world, { resumed: true });
  assert.deepEqual(probe.sent.find(({ type }) => type === 'subscribe').cursor, 'e-2');
  assert.ok(probe.isClosed);
  assert.equal(gate.transport, 'ws');
  assert.ok(stream.isAborted);
  await goLive(world, { resumed: true, updates: [update('a', 2)] });
  assert.notEqual(world.socket, probe);
  assert.deepEqual(taken, ['a@1', 'a@2']);
  assert.ok(!told.includes('stale'), 'nothing was out of date on the way');
  assert.equal(world.stored.get(key), 'ws');
});

test('when the way up is still blocked it stays, and tries ever less often', async () => {
  const world = new World();
  world.stored.set(key, 'poll');
  const { gate, take } = stage({}, world);
  gate.subscribe('a', take);
  await world.settle();
  world.request.answer(200, { cursor: 'e-1', updates: [] });
  await world.settle();
  let probes = [];
  const pass = async (milliseconds) => {
    for (const end = world.time + milliseconds; world.time < end; ) {
      await world.advance(Math.min(10_000, end - world.time));
      for (const request of world.requests.splice(0)) {
        if (request.url.pathname.endsWith('/sse')) probes.push(Math.round(world.time / 1000));
        request.answer(request.url.pathname.endsWith('/sse') ? 404 : 200, { cursor: 'e-1', updates: [] });
      }
      await world.settle();
    }
  };
  await pass(60_000);
  assert.equal(probes.length, 1);
  await pass(120_000);
  assert.equal(probes.length, 2);
  await pass(240_000);
  assert.equal(probes.length, 3);
  assert.equal(gate.transport, 'poll');
  assert.equal(gate.state, 'live');
});

test('a change of transport by hand misses nothing, repeats nothing, and is not stale meanwhile', async () => {
  const { world, gate, take, taken, told } = stage();
  gate.subscribe('a', take);
  await goLive(world, { updates: [update('a', 1)], cursor: 'e-1' });
  gate.setTransport('sse');
  await world.settle();
  assert.ok(world.socket.isClosed);
  assert.equal(query(world.request).cursor, 'e-1');
  world.request.stream(events.update(update('a', 1)), events.update(update('a', 2), 'e-2'), events.live('e-2', true));
  await world.settle();
  gate.setTransport('poll');
  await world.settle();
  assert.equal(query(world.request).cursor, 'e-2');
  world.request.answer(200, { cursor: 'e-3', updates: [update('a', 3)] });
  await world.settle();
  gate.setTransport('auto');
  await goLive(world, { resumed: true });
  assert.equal(world.socket.sent[0].cursor, 'e-3');
  assert.deepEqual(taken, ['a@1', 'a@2', 'a@3']);
  assert.ok(!told.includes('stale') && !told.includes('reset'));
});

test('a forced transport that is blocked is tried again, and no other', async () => {
  const { world, gate, take } = stage({ transport: 'ws' });
  gate.subscribe('a', take);
  await refuseUpgrade(world);
  assert.equal(gate.state, 'waiting');
  await world.advance(100);
  assert.equal(world.sockets.length, 2);
  assert.equal(gate.transport, 'ws');
});

test('without WebSocket, as in Node 20, it starts with the event stream', async () => {
  const world = new World();
  const { gate, take } = stage({ environment: world.environment({ WebSocket: undefined, storage: null, window: null, document: null }) });
  gate.subscribe('a', take);
  await world.settle();
  assert.equal(query(world.request).path, '/base/sse');
});

test('a transport that turns out to be blocked on the way makes what is held stale', async () => {
  const { world, gate, take, told, last } = stage();
  gate.subscribe('a', take);
  await goLive(world);
  gate.reconnect();
  assert.ok(!told.includes('stale'), 'a change of connection is no reason yet');
  await world.advance(4999);
  assert.ok(!told.includes('stale'));
  await world.advance(1);
  world.request.answer(200);
  await world.settle();
  assert.equal(gate.transport, 'sse');
  assert.equal(gate.isStale, true);
  assert.match(last('stale').reason, /did not open in time/);
});

test('a transport that there is none of is refused', () => {
  assert.throws(() => stage({ transport: 'pigeon' }), { name: 'GateError', code: 'bad_request' });
  const { gate } = stage();
  assert.throws(() => gate.setTransport('pigeon'), { code: 'bad_request' });
  assert.equal(gate.transport, 'ws');
});

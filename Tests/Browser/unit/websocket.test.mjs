import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goLive, stage } from './stage.mjs';
import { update } from './world.mjs';

const said = (socket) => socket.sent.map(({ id, ...message }) => message);

test('it subscribes, tells the snapshot, then is live', async () => {
  const { world, gate, told, taken, take, last } = stage();
  gate.subscribe(['a', 'b/*'], take);
  await world.settle();
  assert.equal(String(world.socket.url), 'ws://gate.example/base/ws?heartbeat=5&stale=1');
  assert.equal(world.socket.protocol, 'tidegate.v1');
  await goLive(world, { updates: [update('a', 3)], cursor: 'e-3' });
  assert.deepEqual(said(world.socket), [{ type: 'subscribe', topics: ['a', 'b/*'] }]);
  assert.deepEqual(taken, ['a@3']);
  assert.deepEqual(told, ['state:connecting', 'state:live', 'live']);
  assert.deepEqual(last('live'), { name: 'live', transport: 'ws', resumed: false, cursor: 'e-3' });
  assert.equal(gate.cursor, 'e-3');
  assert.equal(gate.isStale, false);
});

test('of logs it asks for the last updates, where no cursor says what is lacked', async () => {
  const { world, gate, take } = stage({ last: 0 });
  gate.subscribe('a', take);
  await goLive(world, { cursor: 'e-5' });
  gate.subscribe('b', take);
  await world.settle();
  assert.deepEqual(said(world.socket), [{ type: 'subscribe', topics: ['a'], last: 0 }, { type: 'subscribe', topics: ['b'], last: 0 }]);
  world.socket.end(1006);
  await world.advance(100);
  await goLive(world, { resumed: true });
  assert.deepEqual(said(world.socket), [{ type: 'subscribe', topics: ['a'], cursor: 'e-5' }, { type: 'subscribe', topics: ['b'], last: 0 }]);
  for (const wrong of [-1, 1.5, '5', NaN]) assert.throws(() => stage({ last: wrong }), { code: 'bad_request' });
});

test('after a drop it is stale, comes back at once and resumes from its cursor', async () => {
  const { world, gate, told, taken, take, last } = stage();
  gate.subscribe('a', take);
  const first = await goLive(world);
  first.receive({ type: 'updates', updates: [update('a', 1)], cursor: 'e-5' });
  first.end(1006);
  assert.deepEqual(told.slice(-2), ['state:waiting', 'stale']);
  await world.advance(100);
  assert.notEqual(world.socket, first);
  await goLive(world, { resumed: true, updates: [update('a', 1), update('a', 2)] });
  assert.deepEqual(said(world.socket), [{ type: 'subscribe', topics: ['a'], cursor: 'e-5' }]);
  assert.deepEqual(taken, ['a@1', 'a@2'], 'nothing is missed and nothing told twice');
  assert.equal(last('live').resumed, true);
  assert.ok(!told.includes('reset'));
});

test('a cursor that is not honoured is a reset: what was held is forgotten', async () => {
  const { world, gate, told, taken, take } = stage();
  gate.subscribe('a', take);
  const first = await goLive(world, { updates: [update('a', 9)] });
  first.end(1006);
  await world.advance(100);
  await goLive(world, { resumed: false, updates: [update('a', 1)] });
  assert.ok(told.includes('reset'));
  assert.deepEqual(taken, ['a@9', 'a@1']);
  assert.equal(gate.counts.resets, 1);
});

test('what changes is said on the connection that is there', async () => {
  const { world, gate, take } = stage();
  const stop = gate.subscribe('a', take);
  const socket = await goLive(world);
  socket.sent.length = 0;
  gate.subscribe('b', take);
  gate.subscribe('c', take);
  await world.settle();
  stop();
  await world.settle();
  gate.setPace(2);
  gate.setPace(2);
  assert.deepEqual(said(socket), [
    { type: 'subscribe', topics: ['b', 'c'] }, { type: 'unsubscribe', topics: ['a'] }, { type: 'pace', maxRate: 2 },
  ]);
  assert.equal(world.sockets.length, 1);
});

test('a pattern that was not live yet is asked for whole after a drop', async () => {
  const { world, gate, take } = stage({ maxRate: 3 });
  gate.subscribe('a', take);
  const socket = await goLive(world, { cursor: 'e-1' });
  gate.subscribe('b', take);
  await world.settle();
  socket.end(1006);
  await world.advance(100);
  await goLive(world, { resumed: true });
  assert.deepEqual(said(world.socket), [
    { type: 'pace', maxRate: 3 }, { type: 'subscribe', topics: ['a'], cursor: 'e-1' }, { type: 'subscribe', topics: ['b'] },
  ]);
});

test('heartbeats move the cursor; without them the link is dead', async () => {
  const { world, gate, take, last } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  await world.advance(10_000);
  socket.receive({ type: 'heartbeat', time: 1, cursor: 'e-8' });
  assert.equal(gate.cursor, 'e-8');
  await world.advance(11_000);
  assert.equal(gate.state, 'live');
  await world.advance(251);
  assert.match(last('stale').reason, /nothing was heard/);
  assert.ok(socket.isClosed);
  await world.advance(100);
  assert.equal(world.sockets.length, 2);
});

test('updates of a dropped connection are not listened to any more', async () => {
  const { world, gate, taken, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  gate.reconnect();
  socket.receive({ type: 'updates', updates: [update('a', 1)], cursor: 'e-99' });
  assert.deepEqual(taken, []);
  assert.equal(gate.cursor, 'e-1');
});

test('publishing is answered, refused, or cut off', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  const accepted = gate.publish('a', { price: 1 });
  const { id, ...message } = socket.sent.at(-1);
  assert.deepEqual(message, { type: 'publish', updates: [{ topic: 'a', data: { price: 1 } }] });
  socket.receive({ type: 'published', id, accepted: 1 });
  assert.equal(await accepted, 1);

  const refused = gate.publish([{ topic: 'b', deleted: true }]);
  socket.receive({ type: 'error', id: socket.sent.at(-1).id, code: 'forbidden', message: 'not yours' });
  await assert.rejects(refused, { name: 'GateError', code: 'forbidden', message: 'not yours' });

  const cutOff = gate.publish('a', 2);
  socket.end(1006);
  await assert.rejects(cutOff, { code: 'unreachable' });
});

test('what is published may have a key, and a version that its topic must have', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  const first = gate.publish('a', 1, { key: 'k"1' });
  const { id, ...message } = socket.sent.at(-1);
  assert.deepEqual(message, { type: 'publish', key: 'k"1', updates: [{ topic: 'a', data: 1 }] });
  socket.receive({ type: 'published', id, accepted: 1 });
  assert.equal(await first, 1);
  const second = gate.publish([{ topic: 'a', text: '1.0', ifVersion: 3 }], { key: 'k2' });
  assert.match(socket.texts.at(-1), /"key":"k2","updates":\[\{"topic":"a","ifVersion":3,"data":1.0\}\]/);
  socket.receive({ type: 'error', id: socket.sent.at(-1).id, code: 'conflict', message: 'another', version: 7, index: 0 });
  await assert.rejects(second, { name: 'GateError', code: 'conflict', version: 7 });
});

test('latency is the way there and back', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  const latency = gate.measureLatency();
  world.time += 42;
  socket.receive({ type: 'pong', id: socket.sent.at(-1).id });
  assert.equal(await latency, 42);
});

test('a token is presented first, renewed once when refused, and again before it ends', async () => {
  const asked = [];
  const token = ({ isRefresh }) => {
    asked.push(isRefresh);
    return `token ${asked.length}`;
  };
  const { world, gate, take } = stage({ token });
  gate.subscribe('a', take);
  await world.settle();
  const { socket } = world;
  socket.receive({ type: 'welcome', heartbeat: 5 });
  await world.settle();
  socket.receive({ type: 'error', id: 1, code: 'unauthenticated', message: 'too old' });
  await world.settle();
  socket.receive({ type: 'authenticated', id: 2, expires: 1_764_000_000 + 600 });
  await world.settle();
  assert.deepEqual(said(socket), [
    { type: 'auth', token: 'token 1' }, { type: 'auth', token: 'token 2' }, { type: 'subscribe', topics: ['a'] },
  ]);
  socket.receive({ type: 'live', id: 3, cursor: 'e-1' });
  for (let beat = 0; beat < 57; beat += 1) {
    await world.advance(10_000);
    socket.receive({ type: 'heartbeat' });
  }
  assert.deepEqual(said(socket).at(-1), { type: 'auth', token: 'token 3' });
  assert.deepEqual(asked, [false, true, true]);
});

test('no token to be had is no end: it tries again', async () => {
  const { world, gate, take, last } = stage({ token: () => Promise.reject(new Error('the login page is down')) });
  gate.subscribe('a', take);
  await world.settle();
  world.socket.receive({ type: 'welcome', heartbeat: 5 });
  await world.settle();
  assert.match(last('state').reason, /the login page is down/);
  assert.equal(gate.state, 'waiting');
});

test('what is refused among others is an error; all of it refused is the end', async () => {
  const { world, gate, take, told, last } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  gate.subscribe('b', take);
  await world.settle();
  socket.receive({ type: 'error', id: socket.sent.at(-1).id, code: 'too_many_topics', message: 'enough' });
  assert.equal(last('error').code, 'too_many_topics');
  assert.equal(gate.state, 'live');

  const other = stage();
  other.gate.subscribe('a', take);
  await other.world.settle();
  other.world.socket.receive({ type: 'welcome', heartbeat: 5 });
  await other.world.settle();
  other.world.socket.receive({ type: 'error', id: 1, code: 'forbidden', message: 'not for you' });
  assert.equal(other.gate.state, 'closed');
  assert.equal(other.last('error').code, 'forbidden');
  assert.ok(told.includes('live'));
});

test('a gap of a log is told, and is no conflation', async () => {
  const { world, gate, last, take } = stage();
  gate.subscribe('log', take);
  const socket = await goLive(world, { updates: [update('log', 1)] });
  socket.receive({ type: 'gap', topic: 'log', next: 11, missed: 9 }, { type: 'updates', updates: [update('log', 11)] });
  assert.equal(last('gap').missed, 9);
  assert.equal(gate.counts.gaps, 1);
  assert.equal(gate.conflated('log'), 0);
});

test('what is no message ends the connection, not the page', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  socket.onmessage({ data: '<html>' });
  assert.equal(gate.state, 'waiting');
  assert.ok(socket.isClosed);
});

test('a listener that throws disturbs nobody: its error is reported, the client goes on', async (t) => {
  const { world, gate, take, told } = stage();
  gate.on('state', () => {
    throw new Error('mine');
  });
  gate.on('stale', () => told.push('the one after it'));
  gate.subscribe('a', take);
  const reported = [];
  const microtask = globalThis.queueMicrotask;
  t.mock.method(globalThis, 'queueMicrotask', (action) => (String(action).includes('throw error') ? reported.push(action) : microtask(action)));
  const socket = await goLive(world);
  socket.end(1006);
  assert.equal(gate.state, 'waiting');
  assert.ok(told.includes('the one after it'));
  await world.advance(100);
  await goLive(world, { resumed: true });
  assert.equal(gate.state, 'live');
  assert.throws(reported[0], /mine/);
});

test('a pace that is none is refused', () => {
  const { gate } = stage();
  for (const pace of [0, -1, NaN, Infinity, '2']) assert.throws(() => gate.setPace(pace), { code: 'bad_request' }, String(pace));
  gate.setPace(0.5);
  gate.setPace(null);
});

test('bytes are those of the wire, not the characters', async () => {
  const { world, gate, take } = stage();
  gate.subscribe('a', take);
  const socket = await goLive(world);
  const before = gate.counts.bytes;
  const message = { type: 'updates', updates: [update('a', 1, 'é🦀')] };
  socket.receive(message);
  assert.equal(gate.counts.bytes - before, Buffer.byteLength(JSON.stringify(message)));
});

test('who lets go of topics and wants them again in the same breath keeps what was known of them', async () => {
  const { world, gate, taken, take } = stage();
  const stop = gate.subscribe('a', take);
  const socket = await goLive(world, { updates: [update('a', 3)], cursor: 'e-3' });
  socket.sent.length = 0;
  stop();
  gate.subscribe('a', take);
  await world.settle();
  assert.deepEqual(said(socket), []);
  assert.deepEqual(taken, ['a@3', 'a@3']);
  socket.receive({ type: 'updates', updates: [update('a', 7)], cursor: 'e-9' });
  assert.equal(gate.conflated('a'), 3);
});

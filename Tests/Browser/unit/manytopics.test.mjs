// Subscriptions that do not fit into one message or URL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, query, stage } from './stage.mjs';
import { update } from './world.mjs';

/** 90 KB as one message, half of what may be subscribed to. */
const names = Array.from({ length: 5000 }, (_, place) => `market/symbol-${place}`);

const subscribes = (socket) => socket.sent.filter(({ type }) => type === 'subscribe');
const sizes = (socket) => socket.texts.map((text) => Buffer.byteLength(text));

/** A connection whose gateway has said its welcome. */
async function welcome(world, limits) {
  await world.settle();
  world.socket.receive({ type: 'welcome', session: 's', heartbeat: 5, limits });
  await world.settle();
  return world.socket;
}

/** The gateway grants the last subscribe, and its snapshot is complete. */
function grant(socket, { resumed = false, cursor = 'e-1', updates = [] } = {}) {
  const { id, topics } = subscribes(socket).at(-1);
  socket.receive({ type: 'subscribed', id, topics, resumed });
  if (updates.length > 0) socket.receive({ type: 'updates', updates });
  socket.receive({ type: 'live', id, cursor });
}

/** A client with one topic live, to which others are added. */
async function live(options) {
  const stand = stage(options);
  stand.gate.subscribe('first', stand.take);
  const socket = await welcome(stand.world, { messageBytes: 1024, subscriptions: 10_000 });
  grant(socket);
  socket.sent.length = 0;
  return { ...stand, socket };
}

test('5,000 names go out in messages that the gateway takes, one after the other, and are one subscription', async () => {
  const { world, gate, told, taken, take, last } = stage();
  gate.subscribe(names, take);
  const socket = await welcome(world, { messageBytes: 65_536, subscriptions: 10_000 });
  assert.equal(subscribes(socket).length, 1);
  grant(socket, { cursor: 'e-1', updates: [update(names[0], 1)] });
  assert.equal(subscribes(socket).length, 2, 'the next once the one before is granted');
  assert.deepEqual([gate.state, gate.cursor, told], ['connecting', null, ['state:connecting']]);
  grant(socket, { cursor: 'e-2', updates: [update(names[4999], 1)] });
  assert.deepEqual(subscribes(socket).flatMap(({ topics }) => topics), names);
  assert.equal(new Set(socket.sent.map(({ id }) => id)).size, socket.sent.length);
  assert.ok(sizes(socket).every((size) => size <= 65_536), `${sizes(socket)}`);
  assert.deepEqual(told, ['state:connecting', 'state:live', 'live']);
  assert.equal(last('live').cursor, 'e-2');
  assert.deepEqual(taken, [`${names[0]}@1`, `${names[4999]}@1`]);
});

test('the limit is what welcome says, in bytes; 64 KiB where it says none', async () => {
  const long = Array.from({ length: 300 }, (_, place) => `${place}/"quoted"/é🦀/${'x'.repeat(150)}`);
  for (const [limits, most] of [[{ messageBytes: 2000 }, 2000], [{}, 65_536], [undefined, 65_536]]) {
    const { world, gate, take } = stage();
    gate.subscribe([...long, ...names], take);
    const socket = await welcome(world, limits);
    while (gate.state !== 'live') grant(socket);
    assert.deepEqual(subscribes(socket).flatMap(({ topics }) => topics), [...long, ...names]);
    assert.ok(sizes(socket).every((size) => size <= most), `${Math.max(...sizes(socket))} of ${most}`);
    assert.ok(sizes(socket)[0] > most - 700, 'and not smaller than need be');
  }
});

test('after a drop all parts resume from one cursor, and one from between them does not count', async () => {
  const { world, gate, told, taken, take } = stage();
  gate.subscribe(names, take);
  const first = await welcome(world, {});
  grant(first);
  grant(first, { cursor: 'e-7' });
  first.end(1006);
  await world.advance(100);
  const second = await welcome(world, {});
  grant(second, { resumed: true, cursor: 'e-8', updates: [update(names[0], 2)] });
  second.receive({ type: 'updates', updates: [], cursor: 'e-8' }, { type: 'heartbeat', cursor: 'e-8' });
  assert.equal(gate.cursor, 'e-7', 'the second half may have changed since');
  second.end(1006);
  await world.advance(2000);
  const third = await welcome(world, {});
  while (gate.state !== 'live') grant(third, { resumed: true, cursor: 'e-9', updates: [update(names[4999], 3)] });
  assert.deepEqual(subscribes(third).map(({ cursor }) => cursor), ['e-7', 'e-7']);
  assert.equal(gate.cursor, 'e-9');
  assert.deepEqual(taken, [`${names[0]}@2`, `${names[4999]}@3`]);
  assert.ok(!told.includes('reset'));
});

test('a cursor that is not honoured is one reset, and what came for the first part stays', async () => {
  const { world, gate, told, take } = stage({ last: 5 });
  gate.subscribe(names, take);
  const first = await welcome(world, {});
  grant(first, { updates: [update(names[0], 9)] });
  grant(first);
  first.end(1006);
  await world.advance(100);
  const second = await welcome(world, {});
  grant(second, { updates: [update(names[0], 1)] });
  grant(second, { updates: [update(names[4999], 1)] });
  assert.deepEqual(subscribes(second).map(({ cursor }) => cursor), ['e-1', undefined], 'nothing is held that a cursor could be about');
  assert.deepEqual([first, second].map((socket) => subscribes(socket).map((sent) => sent.last)), [[5, 5], [undefined, undefined]], 'and nothing is left out of a reset');
  assert.equal(told.filter((name) => name === 'reset').length, 1);
  assert.deepEqual([gate.get(names[0]).version, gate.get(names[4999]).version, gate.state], [1, 1, 'live']);
});

test('a cursor that is honoured for the first part only: all is asked for anew', async () => {
  const { world, gate, told, take } = stage();
  gate.subscribe(names, take);
  const first = await welcome(world, {});
  grant(first, { updates: [update(names[0], 9)] });
  grant(first);
  first.end(1006);
  await world.advance(100);
  const second = await welcome(world, {});
  grant(second, { resumed: true });
  grant(second, { resumed: false });
  assert.deepEqual([gate.state, gate.get(names[0])], ['waiting', null]);
  assert.ok(second.isClosed);
  await world.advance(2000);
  const third = await welcome(world, {});
  while (gate.state !== 'live') grant(third, { updates: [update(names[0], 9)] });
  assert.deepEqual(subscribes(third).map(({ cursor }) => cursor), [undefined, undefined]);
  assert.equal(gate.get(names[0]).version, 9);
  assert.equal(told.filter((name) => name === 'reset').length, 1);
});

test('what is no longer wanted is taken back behind the parts that asked for it', async () => {
  const { world, gate, take, socket } = await live();
  const stop = gate.subscribe(names.slice(0, 100), take);
  await world.settle();
  stop();
  await world.settle();
  assert.equal(socket.sent.length, 1, 'the first part alone');
  const answered = new Set();
  for (let next = socket.sent[0]; next; next = socket.sent.find(({ id }) => !answered.has(id))) {
    answered.add(next.id);
    socket.receive({ type: `${next.type}d`, id: next.id, topics: next.topics, resumed: false });
    if (next.type === 'subscribe') socket.receive({ type: 'live', id: next.id, cursor: 'e-1' });
  }
  const said = (type) => socket.sent.filter((message) => message.type === type).flatMap(({ topics }) => topics);
  assert.deepEqual([said('subscribe'), said('unsubscribe')], [names.slice(0, 100), names.slice(0, 100)]);
  assert.ok(socket.sent.findLastIndex(({ type }) => type === 'subscribe') < socket.sent.findIndex(({ type }) => type === 'unsubscribe'));
});

test('a part that is refused for good is the refusal of all: told once, the rest of it taken back, not asked for again', async () => {
  const { world, gate, take, last, details, socket } = await live();
  gate.subscribe(names.slice(0, 100), take);
  await world.settle();
  grant(socket);
  socket.receive({ type: 'error', id: socket.sent.at(-1).id, code: 'too_many_topics', message: 'enough' });
  await world.settle();
  assert.equal(gate.state, 'live');
  assert.deepEqual(details.filter(({ name }) => name === 'error'), [{ name: 'error', code: 'too_many_topics', message: 'enough' }]);
  while (socket.sent.at(-1).type === 'unsubscribe' && socket.sent.filter(({ type }) => type === 'unsubscribe').flatMap(({ topics }) => topics).length < 100) {
    socket.receive({ type: 'unsubscribed', id: socket.sent.at(-1).id });
  }
  assert.deepEqual(socket.sent.filter(({ type }) => type === 'unsubscribe').flatMap(({ topics }) => topics), names.slice(0, 100));
  assert.equal(subscribes(socket).length, 2, 'the third part is not asked for');

  socket.end(1006);
  await world.advance(100);
  const second = await welcome(world, { messageBytes: 1024 });
  assert.deepEqual(subscribes(second).map(({ topics }) => topics), [['first']]);
  grant(second, { resumed: true });
  gate.subscribe(names[0], take);
  await world.settle();
  assert.deepEqual(subscribes(second).at(-1).topics, [names[0]], 'the page wants it anew');
  assert.equal(last('error').code, 'too_many_topics');
});

test('a refusal that passes is asked again later, and what is subscribed goes on', async () => {
  const { world, gate, take, last, socket } = await live();
  gate.subscribe(names.slice(0, 100), take);
  await world.settle();
  for (const wait of [4000, 8000]) {
    socket.receive({ type: 'error', id: socket.sent.at(-1).id, code: 'overloaded', message: 'later' });
    const count = socket.sent.length;
    await world.advance(wait - 1);
    assert.deepEqual([socket.sent.length, gate.state, last('error').code], [count, 'live', 'overloaded']);
    await world.advance(1);
    assert.deepEqual([socket.sent.length, socket.sent.at(-1).topics], [count + 1, socket.sent[0].topics]);
  }
  while (subscribes(socket).flatMap(({ topics }) => topics).length < 100 + 2 * socket.sent[0].topics.length) grant(socket);
  assert.ok(gate.state === 'live' && !socket.isClosed);
});

test('where nothing is subscribed yet, a refusal that passes lets go of the connection for a while', async () => {
  const { world, gate, take, last } = stage();
  gate.subscribe('a', take);
  const socket = await welcome(world, {});
  socket.receive({ type: 'error', id: 1, code: 'rate_limited', message: 'later' });
  assert.deepEqual([gate.state, last('state').retryIn, socket.isClosed], ['waiting', 4000, true]);
  await world.advance(4000);
  assert.equal(world.sockets.length, 2);
});

test('a subscription that is too big all the same is told, and not repeated', async () => {
  const { world, gate, take, details } = stage();
  gate.subscribe(names, take);
  const socket = await welcome(world, {});
  socket.receive({ type: 'error', id: null, code: 'payload_too_large', message: 'This is too much.' });
  socket.end(1009, 'too big');
  assert.equal(gate.state, 'closed');
  assert.deepEqual(details.filter(({ name }) => name === 'error'), [{ name: 'error', code: 'payload_too_large', message: 'This is too much.' }]);
  await world.advance(3_600_000);
  assert.equal(world.sockets.length, 1);
});

test('too big without a word, as of a proxy: what was live goes on without what was added', async () => {
  const { world, gate, take, last, socket } = await live();
  gate.subscribe(names.slice(0, 40), take);
  await world.settle();
  socket.end(1009);
  assert.deepEqual([gate.state, last('error').code], ['connecting', 'payload_too_large']);
  const second = await welcome(world, {});
  grant(second, { resumed: true });
  assert.deepEqual(subscribes(second).map(({ topics, cursor }) => [topics, cursor]), [[['first'], 'e-1']]);
  assert.equal(gate.state, 'live');
});

test('what is published goes as a request where it is too long for a message; 1009 for it ends nothing', async () => {
  const { world, gate, socket } = await live();
  const accepted = gate.publish('big', 'x'.repeat(1024));
  await world.settle();
  assert.equal(socket.sent.length, 0);
  assert.deepEqual([world.request.url.pathname, JSON.parse(world.request.init.body)], ['/base/publish', [{ topic: 'big', data: 'x'.repeat(1024) }]]);
  world.request.answer(200, { accepted: 1 });
  assert.equal(await accepted, 1);
  socket.end(1009);
  assert.equal(gate.state, 'waiting');
});

test('what is published as text goes out to the last digit, and what is no JSON does not', async () => {
  const { gate, world, socket } = await live();
  const one = gate.publish([{ topic: 'a', text: '{"id":8389766036995847940,"px":1.10}' }, { topic: 'b', data: 1 }, { topic: 'c', deleted: true }]);
  await world.settle();
  assert.equal(socket.texts.at(-1), `{"id":${socket.sent.at(-1).id},"type":"publish","updates":[{"topic":"a","data":{"id":8389766036995847940,"px":1.10}},{"topic":"b","data":1},{"topic":"c","deleted":true}]}`);
  socket.receive({ type: 'published', id: socket.sent.at(-1).id, accepted: 3 });
  assert.equal(await one, 3);
  await assert.rejects(gate.publish([{ topic: 'a', text: '1}],"x":[{"y":1' }]), { name: 'GateError', code: 'invalid_json' });
  assert.equal(socket.sent.length, 1);
});

for (const [transport, more] of [['sse', { heartbeat: 5, maxRate: 2, stale: true }], ['poll', { wait: 0, stale: true }]]) {
  test(`by ${transport} many names go in the body of a POST, few in the URL`, async () => {
    const { world, gate, take, taken } = stage({ transport, maxRate: 2 });
    const many = [...names, ...names.map((name) => `other/${name}`)];
    const stop = gate.subscribe(many, take);
    await world.settle();
    assert.deepEqual([world.request.init.method, world.request.url.href], ['POST', `http://gate.example/base/${transport}`]);
    assert.deepEqual(JSON.parse(world.request.init.body), { topics: many, ...more });
    assert.equal(world.request.init.headers['Content-Type'], 'application/json');
    if (transport === 'sse') {
      assert.equal(world.request.init.headers.Accept, 'text/event-stream');
      world.request.stream(events.update(update(many[9999], 1)), events.live('e-3'));
    } else {
      world.request.answer(200, { cursor: 'e-3', updates: [update(many[9999], 1)] });
    }
    await world.settle();
    assert.deepEqual([gate.state, taken], ['live', [`${many[9999]}@1`]]);
    gate.reconnect();
    await world.settle();
    assert.equal(JSON.parse(world.request.init.body).cursor, 'e-3');

    gate.subscribe('few', take);
    stop();
    await world.settle();
    assert.deepEqual([world.request.init.method, query(world.request).topics], [undefined, ['few']]);
  });
}

test('no URL is longer than programs on the way take', async () => {
  const methods = new Set();
  for (let count = 1; count < 130; count += 1) {
    const { world, gate, take } = stage({ transport: 'poll' });
    gate.subscribe(names.slice(0, count).map((name) => `${name}/é`), take);
    await world.settle();
    assert.ok(world.request.url.href.length <= 2000);
    methods.add(world.request.init.method);
  }
  assert.deepEqual([...methods], [undefined, 'POST']);
});

test('a body is given the time that it takes to send', async () => {
  const { world, gate, take, told } = stage({ transport: 'sse' });
  gate.subscribe(names, take);
  await world.advance(7000);
  assert.deepEqual(told, ['state:connecting']);
  await world.advance(1500);
  assert.deepEqual(told.slice(0, 2), ['state:connecting', 'state:waiting']);
});

test('all transports of a client that falls from one to the next take the same names', async () => {
  const { world, gate, take } = stage();
  gate.subscribe(names, take);
  await goLive(world, { cursor: 'e-1' });
  world.socket.receive({ type: 'live', id: 0, cursor: 'e-1' });
  while (gate.state !== 'live') grant(world.socket);
  gate.setTransport('sse');
  await world.settle();
  assert.deepEqual([JSON.parse(world.request.init.body).topics.length, JSON.parse(world.request.init.body).cursor], [5000, 'e-1']);
  gate.setTransport('poll');
  await world.settle();
  assert.deepEqual([JSON.parse(world.request.init.body).topics.length, JSON.parse(world.request.init.body).cursor], [5000, 'e-1']);
});

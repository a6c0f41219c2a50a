// Refusals that last are told and not repeated; refusals that pass are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, stage } from './stage.mjs';
import { World, update } from './world.mjs';

const key = 'tidegate.transport http://gate.example/base/';

/** A gateway or a proxy that answers each request in the same way. */
async function answerAll(world, status, body, headers) {
  for (let answered = 0; answered < world.requests.length; answered += 1) {
    world.requests[answered].answer(status, body, headers);
    await world.settle();
  }
  return world.requests.length;
}

/** How many requests come in an hour, all of them answered so; the upgrade of each WebSocket fails. */
async function anHour(stand, status, body, headers) {
  const { world } = stand;
  let [answered, sockets] = [0, 0];
  for (const end = world.time + 3_600_000; world.time < end; ) {
    await world.settle();
    if (sockets < world.sockets.length) world.sockets[sockets++].end(1006);
    else if (answered < world.requests.length) world.requests[answered++].answer(status, body, headers);
    else await world.advance(stand.gate.state === 'waiting' ? stand.last('state').retryIn : 60_000);
  }
  return answered + sockets;
}

const lasting = [
  [400, 'invalid_topic'], [400, 'too_many_topics'], [400, 'bad_request'], [400, 'invalid_json'], [403, 'forbidden'], [413, 'payload_too_large'], [414, 'bad_request'], [415, 'bad_request'],
  [421, 'misdirected'], [429, 'too_many_topics'], [431, 'bad_request'],
];
for (const transport of ['sse', 'poll']) {
  for (const [status, code] of lasting) {
    test(`${status} ${code} of the gateway ends it by ${transport}: told once, asked once, and no other transport tried`, async () => {
      const stand = stage({}, Object.assign(new World(), { stored: new Map([[key, transport]]) }));
      stand.gate.subscribe('a', stand.take);
      assert.equal(await anHour(stand, status, { code, detail: 'no' }, { 'Retry-After': '1' }), 1);
      assert.equal(stand.gate.state, 'closed');
      assert.deepEqual(stand.details.filter(({ name }) => name === 'error'), [{ name: 'error', code, message: 'no' }]);
    });
  }

  for (const [status, code] of [[401, 'unauthenticated'], [403, 'forbidden'], [400, 'bad_request'], [405, 'method_not_allowed'], [407, 'bad_request'], [410, 'bad_request'], [413, 'payload_too_large'], [414, 'payload_too_large'], [421, 'misdirected'], [431, 'payload_too_large'], [501, 'bad_request']]) {
    test(`${status} of a proxy ends ${transport} where no other is allowed`, async () => {
      const stand = stage({ transport });
      stand.gate.subscribe('a', stand.take);
      assert.equal(await anHour(stand, status, '<html>', { 'Retry-After': '1' }), 1);
      assert.deepEqual([stand.gate.state, stand.last('error').code], ['closed', code]);
    });
  }

  for (const [status, code, first] of [
    [408, null, 50], [425, null, 50], [404, null, 50], [429, null, 4000], [500, null, 50], [502, null, 50], [503, null, 4000], [504, null, 50],
    [429, 'rate_limited', 4000], [503, 'overloaded', 4000], [503, 'draining', 4000], [500, 'internal', 50],
  ]) {
    test(`${status} ${code ?? 'of a proxy'} by ${transport} is tried again, ${first > 50 ? 'less and less often' : 'every few seconds while somebody looks'}`, async () => {
      const stand = stage({ transport });
      stand.gate.subscribe('a', stand.take);
      await stand.world.settle();
      stand.world.request.answer(status, code ? { code, detail: 'later' } : '<html>');
      await stand.world.settle();
      assert.deepEqual([stand.gate.state, stand.last('state').retryIn], ['waiting', first]);
      const count = await anHour(stand, status, code ? { code } : '');
      assert.ok(first > 50 ? count > 100 && count < 140 : count > 850 && count < 950, `${count} in an hour`);
    });
  }
}

test('a proxy that refuses all transports for good is asked for each, and no more', async () => {
  for (const stored of ['ws', 'sse', 'poll']) {
    const stand = stage({}, Object.assign(new World(), { stored: new Map([[key, stored]]) }));
    stand.gate.subscribe('a', stand.take);
    const count = await anHour(stand, 403, 'no');
    assert.ok(count >= 3 && count <= 7, `${count} from ${stored} on`);
    assert.deepEqual([stand.gate.state, stand.last('error').code, stand.last('error').message], ['closed', 'forbidden', 'the answer was 403']);
    stand.gate.reconnect();
    assert.ok((await anHour(stand, 404, 'not yet')) > 100, 'asked anew, all is tried anew');
  }
});

test('one that lets one of them through is left alone', async () => {
  const world = new World();
  world.stored.set(key, 'sse');
  const { gate, take, last } = stage({}, world);
  gate.subscribe('a', take);
  await world.settle();
  world.request.answer(413, 'too large');
  await world.settle();
  assert.equal(last('error').code, 'blocked');
  world.request.answer(200, { cursor: 'e-1', updates: [] });
  await world.settle();
  assert.deepEqual([gate.state, gate.transport], ['live', 'poll']);
});

test('an older gateway without POST is no reason to try for ever', async () => {
  const stand = stage({ transport: 'sse' });
  stand.gate.subscribe(Array.from({ length: 600 }, (_, place) => `name/${place}`), stand.take);
  assert.equal(await anHour(stand, 405, { code: 'method_not_allowed', detail: 'GET or HEAD' }), 1);
  assert.deepEqual([stand.gate.state, stand.last('error').code], ['closed', 'method_not_allowed']);
});

test('a gateway of another name, or none, is told from one that lets no upgrade through', async () => {
  for (const [status, body, state, code] of [
    [421, { code: 'misdirected', detail: 'not my name' }, 'closed', 'misdirected'], [502, '', 'waiting', undefined], [503, '', 'waiting', undefined], [404, '', 'waiting', undefined],
  ]) {
    const { world, gate, take, last } = stage({ transport: 'ws' });
    gate.subscribe('a', take);
    await world.settle();
    world.socket.end(1006);
    await world.settle();
    world.request.answer(status, body);
    await world.settle();
    assert.deepEqual([gate.state, last('error')?.code], [state, code], `${status}`);
  }
});

test('what was added and is refused does not end what is live', async () => {
  for (const transport of ['sse', 'poll']) {
    const { world, gate, take, last, taken } = stage({ transport });
    const answer = async (version) => {
      if (transport === 'sse') world.request.stream(events.update(update('a', version)), events.live(`e-${version}`, version > 1));
      else world.request.answer(200, { cursor: `e-${version}`, updates: [update('a', version)] });
      await world.settle();
    };
    gate.subscribe('a', take);
    await world.settle();
    await answer(1);
    gate.subscribe('secret/a', take);
    await world.settle();
    world.request.answer(403, { code: 'forbidden', detail: 'not for you' });
    await world.settle();
    assert.equal(last('error').code, 'forbidden');
    assert.deepEqual([world.request.url.searchParams.get('topics'), world.request.url.searchParams.get('cursor')], ['a', 'e-1']);
    await answer(2);
    assert.deepEqual([gate.state, taken], ['live', ['a@1', 'a@2']]);
    gate.reconnect();
    await world.settle();
    assert.equal(world.request.url.searchParams.get('topics'), 'secret/a', 'asked anew');
  }
});

test('the refusal of what was live ends it', async () => {
  const { world, gate, take, details } = stage({ transport: 'poll' });
  gate.subscribe('a', take);
  await world.settle();
  world.request.answer(200, { cursor: 'e-1', updates: [] });
  await world.settle();
  gate.subscribe('b', take);
  await world.settle();
  await answerAll(world, 403, { code: 'forbidden', detail: 'no more' });
  assert.equal(gate.state, 'closed');
  assert.equal(details.filter(({ name }) => name === 'error').length, 2);
});

// WebSockets.

const complaint = (code) => ({ type: 'error', code, message: `because of ${code}` });
for (const [close, said, state, told] of [
  [1008, complaint('too_many_topics'), 'closed', ['too_many_topics']], [1008, complaint('forbidden'), 'closed', ['forbidden']], [1008, null, 'closed', ['refused']],
  [1008, complaint('unauthenticated'), 'waiting', ['unauthenticated']], [1008, complaint('rate_limited'), 'waiting', ['rate_limited']], [1008, complaint('overloaded'), 'waiting', ['overloaded']],
  [1013, complaint('overloaded'), 'waiting', ['overloaded']], [1013, null, 'waiting', []], [1012, null, 'waiting', []], [1011, complaint('internal'), 'waiting', ['internal']],
  [1009, complaint('payload_too_large'), 'waiting', ['payload_too_large']], [1000, null, 'closed', ['refused']],
]) {
  test(`${close} ${said ? `after ${said.code}` : 'without a word'}: ${state}`, async () => {
    const { world, gate, take, details, last } = stage();
    gate.subscribe('a', take);
    const socket = await goLive(world);
    if (said) socket.receive(said);
    socket.end(close, 'reason');
    assert.equal(gate.state, state);
    assert.deepEqual(details.filter(({ name }) => name === 'error').map(({ code }) => code), told);
    if (state === 'closed') await world.advance(3_600_000);
    else await world.advance(last('state').retryIn);
    assert.equal(world.sockets.length, state === 'closed' ? 1 : 2);
    if (close === 1013 || ['rate_limited', 'overloaded'].includes(said?.code)) assert.equal(last('state').state === 'connecting' && details.findLast(({ state: is }) => is === 'waiting').retryIn, 4000);
  });
}

// Event streams.

const goodbye = (reason, reconnectAfter) => `event: goodbye\ndata: ${JSON.stringify({ reason, reconnectAfter })}\n\n`;

test('a goodbye says whether to come back, and when', async () => {
  for (const [reason, after, state, retryIn] of [
    ['too_many_topics', 1500, 'closed'], ['forbidden', undefined, 'closed'], ['overloaded', 20, 'waiting', 4000], ['overloaded', 9000, 'waiting', 9000], ['draining', 1500, 'waiting', 1500],
    ['draining', 1e12, 'waiting', 3_600_000], ['expired', undefined, 'waiting', 50], ['something new', 700, 'waiting', 700],
  ]) {
    const { world, gate, take, last } = stage({ transport: 'sse' });
    gate.subscribe('a', take);
    await world.settle();
    world.request.stream(events.live('e-1'), goodbye(reason, after));
    world.request.endStream();
    await world.settle();
    assert.deepEqual([gate.state, last('state').retryIn, state === 'closed' ? last('error').code : undefined], [state, retryIn, state === 'closed' ? reason : undefined], reason);
  }
});

test('a stream that says only when to come back is taken at its word', async () => {
  for (const text of ['retry: 1840\n', 'retry: 1840\n\n', ': tidegate\r\nretry:1840\r\n\r\n']) {
    const { world, gate, take, last } = stage({ transport: 'sse' });
    gate.subscribe('a', take);
    await world.settle();
    world.request.stream(text);
    world.request.endStream();
    await world.settle();
    assert.deepEqual([gate.state, last('state').retryIn], ['waiting', 1840]);
  }
});

test('one that always says at once is not taken at its word for ever', async () => {
  const { world, gate, take, last } = stage({ transport: 'sse' });
  gate.subscribe('a', take);
  const waits = [];
  for (let count = 0; count < 4; count += 1) {
    await world.settle();
    world.request.stream('retry: 0\n\n');
    world.request.endStream();
    await world.settle();
    waits.push(last('state').retryIn);
    await world.advance(last('state').retryIn);
  }
  assert.deepEqual(waits, [50, 1000, 1000, 1000]);
});

test('a catch-up that ends before it is live is none', async () => {
  const { world, gate, take, last } = stage({ transport: 'sse' });
  gate.subscribe('a', take);
  await world.settle();
  world.request.stream(events.live('e-1'));
  await world.settle();
  gate.subscribe('b', take);
  await world.settle();
  world.request.stream('retry: 1500\n\n');
  world.request.endStream();
  await world.settle();
  assert.deepEqual([gate.state, last('state').retryIn], ['waiting', 1500]);
  await world.advance(1500);
  assert.deepEqual([world.request.url.searchParams.get('topics'), world.request.url.searchParams.get('cursor')], ['b', null], 'the values of b are still missing');
});

// Waits.

test('Retry-After counts in seconds and as a date, is spread, and has an end', async () => {
  const date = (seconds) => new Date(1_764_000_000_000 + seconds * 1000).toUTCString();
  for (const [text, retryIn] of [['20', 22_500], [date(20), 22_500], ['1', 4000], [date(-20), 4000], ['soon', 4000], ['-5', 4000], ['99999999999', 4_050_000], [date(1e9), 4_050_000]]) {
    const { world, gate, take, last } = stage({ transport: 'poll' });
    gate.subscribe('a', take);
    await world.settle();
    world.request.answer(503, '', { 'Retry-After': text });
    await world.settle();
    assert.equal(last('state').retryIn, retryIn, text);
  }
});

test('a poll that is answered at once without news is not asked again at once', async () => {
  const { world, gate, take } = stage({ transport: 'poll' });
  gate.subscribe('a', take);
  await world.settle();
  world.request.answer(200, { cursor: 'e-1', updates: [update('a', 1)] });
  await world.settle();
  for (const answer of [{ cursor: 'e-1', updates: [] }, { cursor: 'e-1', updates: [update('a', 1)] }, { cursor: 'f-1', updates: [update('a', 1)], reset: true }]) {
    const count = world.requests.length;
    world.request.answer(200, answer);
    await world.advance(999);
    assert.equal(world.requests.length, count);
    await world.advance(1);
    assert.equal(world.requests.length, count + 1);
  }
  world.request.answer(200, { cursor: 'f-2', updates: [update('a', 2)] });
  await world.settle();
  assert.equal(world.request.url.searchParams.get('cursor'), 'f-2', 'news are followed by the next poll at once');
  gate.close();
});

test('a poll that a draining gateway answers is not live until it is asked again', async () => {
  const { world, gate, take, last } = stage({ transport: 'poll' });
  gate.subscribe('a', take);
  await world.settle();
  world.request.answer(200, { cursor: 'e-1', updates: [] }, { 'Retry-After': '3' });
  await world.settle();
  assert.equal(gate.state, 'live', 'the answer to a poll that may not wait is none of a drain');
  world.request.answer(200, { cursor: 'e-1', updates: [] }, { 'Retry-After': '12' });
  await world.settle();
  assert.deepEqual([gate.state, gate.isStale, last('state').retryIn], ['waiting', true, 12_000]);
  await world.advance(12_000);
  assert.equal(world.request.url.searchParams.get('cursor'), 'e-1');
});

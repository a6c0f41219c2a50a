// Values as they came, to the last digit: `update.text`, and parsers of one's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSONScanner } from '../../../public/tidegate/jsonscanner.js';
import { parseMessage, parseUpdate } from '../../../public/tidegate/messages.js';
import { goLive, stage } from './stage.mjs';

/** Values that doubles and `JSON.stringify` would change, or that are hard to find the end of. */
const values = [
  '8389766036995847940', '0.1000000000000000055511', '1e999', '-0', '1.10', '1E+2', '{"id":8389766036995847940,"px":0.1000000000000000055511}',
  '{"book":{"bids":[[9007199254740993,1.10],[-0,1e-400]]}}', '"1.10"', '"\\u00e9 \\\\\\" ]}, \\\\"', 'null', '[]', '{}', '{ "a" : [ 1 , { } ] }', '{"data":{"data":"}"}}', '" "', '"🦀"',
];
const line = (topic, version, value) => `{"topic":"${topic}","version":${version},"time":1764000000123,"data":${value}}`;

test('the text of the data is what stood in the message, wherever its members stand', () => {
  for (const value of values) {
    const updates = [line('a', 1, value), `{"data" :\t${value} , "topic":"b","version":2,"time":1}`, '{"topic":"c","version":3,"time":1,"deleted":true}'];
    const found = parseMessage(`{"type":"updates","updates": [${updates.join(' , ')}],"cursor":"e-1"}`);
    assert.deepEqual(found.updates.map(({ topic, text }) => [topic, text]), [['a', value], ['b', value], ['c', undefined]], value);
    assert.deepEqual(found.updates[0].data, JSON.parse(value));
    assert.equal(parseUpdate(line('a', 1, value)).text, value);
  }
});

test('messages without updates, or with strange ones, are taken as they are', () => {
  for (const text of ['null', '1', '[]', '{"updates":null}', '{"updates":{"data":1}}', '{"updates":[1,null,"x",[{"data":2}]]}', '{"updates":[]}']) {
    assert.deepEqual(parseMessage(text), JSON.parse(text), text);
  }
  assert.equal(parseMessage('{"updates":1,"updates":[{"data":7.0}]}').updates[0].text, '7.0');
});

test('the scanner finds every part of any JSON', () => {
  let seed = 9;
  const random = (count) => (seed = (seed * 48_271) % 2_147_483_647) % count;
  const space = () => ['', ' ', '\n\t', '\r  '][random(4)];
  const make = (depth) => {
    const kind = random(depth > 3 ? 3 : 5);
    if (kind < 3) return [() => String(random(1e9) / 1000), () => JSON.stringify('{[",\\é🦀]}'.slice(random(9))), () => ['true', 'null', '-0', '1e999'][random(4)]][kind]();
    const parts = Array.from({ length: random(4) }, () => make(depth + 1));
    if (kind === 3) return `[${space()}${parts.join(`${space()},${space()}`)}${space()}]`;
    return `{${space()}${parts.map((part, place) => `"${place}\\"":${space()}${part}`).join(`${space()},${space()}`)}${space()}}`;
  };
  const rebuilt = (text) => {
    const scanner = new JSONScanner(text);
    if (scanner.isArray) {
      scanner.enter();
      const parts = [];
      while (scanner.nextElement()) parts.push(rebuilt(scanner.value()));
      return parts;
    }
    if (!scanner.isObject) return JSON.parse(text);
    scanner.enter();
    const parts = {};
    while (scanner.nextMember()) parts[scanner.name] = rebuilt(scanner.value());
    return parts;
  };
  for (let count = 0; count < 2000; count += 1) {
    const text = space() + make(0);
    assert.deepEqual(rebuilt(text), JSON.parse(text), text);
  }
});

const raw = '{"id":8389766036995847940,"px":0.1000000000000000055511}';

for (const transport of ['ws', 'sse', 'poll']) {
  test(`by ${transport} an update offers its text, and a parser of one's own is given it`, async () => {
    const { world, gate } = stage({ transport });
    const [plain, exact] = [[], []];
    gate.subscribe('a', (update) => plain.push(update));
    gate.subscribe('a', (update) => exact.push(update), { parse: (text) => ['parsed', text] });
    await world.settle();
    if (transport === 'ws') {
      await goLive(world);
      world.socket.onmessage({ data: `{"type":"updates","cursor":"e-2","updates":[${line('a', 1, raw)}]}` });
    } else if (transport === 'sse') {
      world.request.stream(`data: ${line('a', 1, raw)}\n\nevent: live\nid: e-2\ndata: {"resumed":false}\n\n`);
    } else {
      world.request.answer(200, `{"cursor":"e-2","updates":[${line('a', 1, raw)}]}`);
    }
    await world.settle();
    assert.deepEqual(plain, [{ topic: 'a', version: 1, time: 1_764_000_000_123, data: { id: 8389766036995848000, px: 0.1 }, text: raw }]);
    assert.deepEqual(exact, [{ ...plain[0], data: ['parsed', raw] }]);
    assert.equal(gate.get('a').text, raw);
  });
}

test('with frames a parser is asked only for what is told, and its mistakes cost only what they concern', async (t) => {
  const { world, gate } = stage();
  const [asked, told, reported] = [[], [], []];
  const parse = (text) => {
    asked.push(text);
    if (text === '2') throw new Error('not this one');
    return BigInt(text);
  };
  gate.subscribe('*', (updates) => told.push(updates.map(({ topic, data, deleted }) => [topic, deleted ?? data])), { frame: true, parse });
  gate.subscribe('b', ({ data }) => told.push(data), { parse });
  const microtask = globalThis.queueMicrotask;
  t.mock.method(globalThis, 'queueMicrotask', (action) => (String(action).includes('throw error') ? reported.push(action) : microtask(action)));
  const socket = await goLive(world);
  socket.onmessage({ data: `{"type":"updates","updates":[${line('a', 1, '1')},${line('a', 2, '9007199254740993')},${line('b', 1, '2')},{"topic":"c","version":1,"time":1,"deleted":true}]}` });
  world.drawFrame();
  assert.deepEqual(told, [[['a', 9_007_199_254_740_993n], ['c', true]]]);
  assert.deepEqual(asked, ['2', '9007199254740993', '2']);
  assert.equal(reported.length, 2);
});

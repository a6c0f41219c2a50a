import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, isUsable } from '../../../public/tidegate/connection.js';
import { events, goLive } from './stage.mjs';
import { World, update } from './world.mjs';

const surroundings = (world, others) => ({
  environment: world.environment(others),
  base: new URL('http://gate.example/'),
  heartbeat: 5,
  token: async () => null,
});

function open(transport = 'ws') {
  const world = new World();
  const told = [];
  const tell = (name) => (...values) => told.push([name, ...values]);
  const sink = { updates: tell('updates'), covered: tell('covered'), live: tell('live'), closed: tell('closed') };
  const connection = new Connection(transport, surroundings(world), sink);
  connection.open({ covered: [], uncovered: ['a', 'b'], cursor: null, maxRate: null });
  return { world, told, connection };
}

test('a transport is usable where the world has what it needs', () => {
  const bare = surroundings(new World(), { WebSocket: undefined });
  assert.deepEqual(['ws', 'sse', 'poll', 'pigeon'].map((name) => isUsable(name, bare)), [false, true, true, false]);
});

test('let go of while it reports, it says nothing more', async () => {
  const world = new World();
  const told = [];
  const connection = new Connection('sse', surroundings(world), {
    updates: ([{ version }]) => {
      told.push(version);
      if (version === 2) connection.close();
    },
    live: () => told.push('live'),
    closed: () => told.push('closed'),
  });
  connection.open({ covered: [], uncovered: ['a'], cursor: null, maxRate: null });
  await world.settle();
  const sent = [1, 2, 3].map((version) => events.update(update('a', version), `e-${version}`));
  world.request.stream(sent.join('') + events.live('e-3'));
  await world.settle();
  assert.deepEqual(told, [1, 2]);
  assert.ok(world.request.isAborted);
});

test('it says only what changed in what it carries, and nothing where nothing did', async () => {
  const { world, connection } = open();
  const { sent } = await goLive(world);
  sent.length = 0;
  assert.equal(connection.carry(new Set(['b', 'a'])), true);
  assert.deepEqual(sent, []);
  assert.equal(connection.carry(new Set(['b', 'c'])), true);
  assert.deepEqual(sent.map(({ type, topics }) => [type, topics]), [['subscribe', ['c']], ['unsubscribe', ['a']]]);
});

test('what was taken away before it was granted is not told to be covered', async () => {
  const { world, told, connection } = open();
  world.socket.receive({ type: 'welcome', session: 's', heartbeat: 5 });
  await world.settle();
  connection.carry(new Set(['b']));
  await goLive(world);
  assert.deepEqual(told.find(([name]) => name === 'covered'), ['covered', ['b'], 'e-1']);
});

for (const transport of ['sse', 'poll']) {
  test(`by ${transport} another plan or pace takes another connection`, () => {
    const { connection } = open(transport);
    assert.equal(connection.carry(new Set(['a', 'b'])), true);
    assert.equal(connection.carry(new Set(['a'])), false);
    assert.equal(connection.setPace(1), false);
    connection.close();
  });
}

test('it remembers when the gateway asked to be come back to', async () => {
  const { world, connection } = open();
  await goLive(world);
  assert.equal(connection.goodbye, null);
  world.socket.receive({ type: 'goodbye', reason: 'draining', reconnectAfter: 1840, avoid: 'a' });
  assert.deepEqual(connection.goodbye, { milliseconds: 1840, avoided: 'a', reason: 'draining' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tidegate } from '../../../public/tidegate.js';
import { Nodes } from '../../../public/tidegate/nodes.js';
import { events, goLive, query, stage } from './stage.mjs';
import { World } from './world.mjs';

const places = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, new URL(`http://${name}.example/`)]));

/** Nodes whose choices are told, each from 0 to below 1. */
function nodes(choices, list = places) {
  const world = new World();
  return { world, nodes: new Nodes(list, { ...world.environment(), random: () => choices.shift() ?? 0 }) };
}

test('clients begin at any node, and go on at another', () => {
  const { nodes: chosen } = nodes([0.7, 0, 0.99]);
  assert.equal(chosen.base.host, 'c.example');
  chosen.moveOn();
  assert.equal(chosen.base.host, 'a.example');
  chosen.moveOn();
  assert.equal(chosen.base.host, 'c.example');
});

test('one that is to be avoided is left alone for a minute, or for as long as it says', async () => {
  const { nodes: chosen, world } = nodes([0.7]);
  chosen.avoid('a', 200);
  chosen.moveOn();
  assert.equal(chosen.base.host, 'b.example');
  chosen.moveOn();
  assert.equal(chosen.base.host, 'c.example');
  await world.advance(60_000);
  chosen.moveOn();
  assert.equal(chosen.base.host, 'a.example');
  chosen.avoid('b', 90_000);
  await world.advance(60_001);
  chosen.moveOn();
  assert.equal(chosen.base.host, 'c.example');
});

test('where all others are to be avoided one of them is tried', () => {
  const { nodes: chosen } = nodes([0.7]);
  chosen.avoid('a', 0);
  chosen.avoid('b', 0);
  chosen.avoid('c', 0);
  chosen.moveOn();
  assert.equal(chosen.base.host, 'a.example');
});

test('where there is one it is that one', () => {
  const { nodes: chosen } = nodes([], { '': places.a });
  chosen.avoid('', 0);
  chosen.moveOn();
  assert.equal(chosen.base.host, 'a.example');
  assert.throws(() => new Tidegate({}), /No gateway is named/);
});

test('a goodbye on a WebSocket sends it to another node', async () => {
  const { world, gate, take, last } = stage({}, new World(), { a: 'https://a.example/tide', b: 'wss://b.example' });
  gate.subscribe('a', take);
  await goLive(world);
  // The half of two.
  assert.equal(world.socket.url.host, 'b.example');
  assert.equal(world.socket.url.protocol, 'wss:');
  await world.advance(5000);
  world.socket.receive({ type: 'goodbye', reason: 'draining', reconnectAfter: 200, avoid: 'b' });
  world.socket.end(1001);
  assert.equal(last('state').retryIn, 200);
  await world.advance(200);
  assert.equal(world.socket.url.host, 'a.example');
  assert.equal(world.socket.url.pathname, '/tide/ws');
  await goLive(world, { resumed: true });
  assert.equal(gate.isStale, false);
});

test('a goodbye on an event stream does, with its cursor', async () => {
  const { world, gate, take } = stage({ transport: 'sse' }, new World(), { a: 'http://a.example', b: 'http://b.example' });
  gate.subscribe('a', take);
  await world.settle();
  assert.equal(world.request.url.host, 'b.example');
  world.request.stream(events.live('e-7'), events.goodbye(300, 'b'));
  world.request.endStream();
  await world.settle();
  await world.advance(2000);
  assert.equal(world.request.url.host, 'a.example');
  assert.equal(query(world.request).cursor, 'e-7');
});

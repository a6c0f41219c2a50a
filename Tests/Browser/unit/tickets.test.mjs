// Tickets: a new one for each connection, by each transport; and what becomes of rights while a connection lasts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, goLive, query, stage } from './stage.mjs';
import { update } from './world.mjs';

/** A client whose tickets are numbered. */
async function begin(transport, options = {}) {
  let number = 0;
  const stand = stage({ transport, ticket: async () => `t${(number += 1)}`, ...options });
  stand.gate.subscribe('a', stand.take);
  await stand.world.settle();
  return { ...stand, asked: () => number };
}

test('by ws: each connection has a ticket of its own in its URL', async () => {
  const { world } = await begin('ws');
  assert.equal(world.socket.url.searchParams.get('ticket'), 't1');
  const socket = await goLive(world);
  socket.end(1006);
  await world.advance(1000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.socket.url.searchParams.get('ticket'), 't2');
});

test('by sse: each stream has a ticket of its own, and a spent one is replaced', async () => {
  const { world, gate } = await begin('sse');
  assert.equal(query(world.request).ticket, 't1');
  world.request.answer(401, { code: 'unauthenticated', detail: 'spent' });
  await world.settle();
  assert.equal(query(world.request).ticket, 't2');
  world.request.stream(events.update(update('a', 1)), events.live('e-1'));
  await world.settle();
  assert.equal(gate.state, 'live');
  // Its time is over: it comes back with the cursor and another ticket.
  world.request.write('id: e-2\nevent: goodbye\ndata: {"reason":"expired"}\n\n');
  world.request.endStream();
  await world.advance(1000);
  assert.equal(query(world.request).ticket, 't3');
  assert.equal(query(world.request).cursor, 'e-2');
});

test('by poll: each answer has the next ticket, and only a lost one is asked for', async () => {
  const { world, asked } = await begin('poll');
  assert.equal(query(world.request).ticket, 't1');
  world.request.answer(200, { cursor: 'e-1', updates: [update('a', 1)], ticket: 'n1' });
  await world.settle();
  assert.equal(query(world.request).ticket, 'n1');
  world.request.answer(200, { cursor: 'e-2', updates: [update('a', 2)], ticket: 'n2' });
  await world.settle();
  assert.equal(query(world.request).ticket, 'n2');
  assert.equal(asked(), 1);
  world.request.answer(401, { code: 'unauthenticated', detail: 'over' });
  await world.settle();
  assert.equal(query(world.request).ticket, 't2');
});

test('a ticket that cannot be had is tried again', async () => {
  let fails = true;
  const { world, gate, last } = stage({ transport: 'ws', ticket: async () => { if (fails) throw new Error('no server'); return 't'; } });
  gate.subscribe('a', () => {});
  await world.settle();
  assert.equal(gate.state, 'waiting');
  assert.match(last('state').reason, /no ticket: no server/);
  fails = false;
  await world.advance(1000);
  assert.equal(world.socket.url.searchParams.get('ticket'), 't');
});

test('a cookie goes to another origin where the page says so', async () => {
  const { world, gate } = stage({ transport: 'poll', credentials: 'include' });
  gate.subscribe('a', () => {});
  await world.settle();
  assert.equal(world.request.init.credentials, 'include');
});

test('what new rights do not cover is set aside, and told', async () => {
  const { world, gate, told, last } = stage({ transport: 'ws', token: async () => 'token' });
  gate.subscribe(['a', 'b/*'], () => {});
  await world.settle();
  world.socket.receive({ type: 'welcome', session: 's', heartbeat: 5 });
  await world.settle();
  const auth = world.socket.sent.find(({ type }) => type === 'auth');
  world.socket.receive({ type: 'authenticated', id: auth.id, subject: 'ann' });
  await world.settle();
  const subscribe = world.socket.sent.find(({ type }) => type === 'subscribe');
  world.socket.receive({ type: 'subscribed', id: subscribe.id, topics: ['a', 'b/*'], resumed: false }, { type: 'live', id: subscribe.id, cursor: 'e-1' });
  await world.settle();
  world.socket.receive({ type: 'expiring', expires: 1_764_000_060 });
  await world.settle();
  assert.equal(world.socket.sent.filter(({ type }) => type === 'auth').length, 2);
  world.socket.receive({ type: 'unsubscribed', topics: ['b/*'], code: 'forbidden' });
  await world.settle();
  assert.equal(last('error').code, 'forbidden');
  assert.equal(gate.state, 'live');
  assert.ok(!told.includes('state:closed'));
});

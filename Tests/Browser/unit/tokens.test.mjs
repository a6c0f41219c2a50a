// Tokens, against a server that demands them: over real sockets, in Node, by each transport.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Tidegate } from '../../../public/tidegate.js';
import { ScriptedServer } from './scripted.mjs';

const withoutWebSocket = typeof WebSocket === 'undefined' && 'this Node has no WebSocket; node --experimental-websocket has';

/** A client whose next token is the last one plus one, and the next event of a name. */
async function begin(t, transport, options = {}) {
  const server = new ScriptedServer();
  const url = await server.start();
  server.valid = 'token 2';
  let number = 1;
  const asked = [];
  const token = async ({ isRefresh }) => {
    asked.push(isRefresh);
    if (isRefresh) number += 1;
    return `token ${number}`;
  };
  const gate = new Tidegate(url, { transport, token, ...options });
  const events = new EventTarget();
  for (const name of ['live', 'stale', 'error']) gate.on(name, (detail) => events.dispatchEvent(new CustomEvent(name, { detail })));
  const taken = [];
  gate.subscribe('a', ({ version }) => taken.push(version));
  t.after(async () => {
    gate.close();
    await server.stop();
  });
  return { server, gate, taken, asked, next: async (name) => (await once(events, name))[0].detail };
}

for (const transport of ['ws', 'sse', 'poll']) {
  const skip = transport === 'ws' && withoutWebSocket;
  test(`by ${transport}: a token that is refused is renewed, at the start and when it has run out; the cursor goes on`, { skip }, async (t) => {
    const { server, gate, taken, asked, next } = await begin(t, transport);
    await next('live');
    assert.deepEqual(taken, [1]);
    assert.deepEqual(server.presented.slice(0, 2), ['token 1', 'token 2']);
    assert.deepEqual(asked.slice(0, 2), [false, true]);

    assert.equal(await gate.publish('a', { price: 1 }), 1);
    assert.deepEqual(server.published, [{ topic: 'a', data: { price: 1 } }]);

    server.valid = 'token 3';
    server.cut();
    assert.equal((await next('live')).resumed, true);
    assert.deepEqual(taken, [1, 2]);
    assert.deepEqual(server.cursors, [null, 'e-1']);
    assert.equal(server.presented.filter((token) => token === 'token 3').length >= 1, true);
    assert.ok(!server.presented.includes(null), 'nothing was asked without a token');
  });

  test(`by ${transport}: a token that stays refused is the end, and is told`, { skip }, async (t) => {
    const { server, gate, next } = await begin(t, transport);
    server.valid = 'another';
    assert.equal((await next('error')).code, 'unauthenticated');
    while (gate.state !== 'closed') await next('error');
    assert.deepEqual(server.presented, ['token 1', 'token 2']);
    await assert.rejects(gate.publish('a', 1), { name: 'GateError', code: 'unauthenticated' });
  });
}

test('by ws: a token is renewed before it ends, on the connection that is there', { skip: withoutWebSocket }, async (t) => {
  const { server, next, gate } = await begin(t, 'ws');
  server.lasts = 30;
  await next('live');
  const renewed = new Promise((done) => {
    const isGood = server.presented.push.bind(server.presented);
    server.presented.push = (token) => (done(token), isGood(token));
  });
  assert.equal(await renewed, 'token 3');
  assert.equal(gate.counts.connections, 1);
});

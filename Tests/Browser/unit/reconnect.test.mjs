import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goLive, stage } from './stage.mjs';
import { World } from './world.mjs';

async function live(options) {
  const stand = stage(options);
  stand.gate.subscribe('a', stand.take);
  await goLive(stand.world);
  return stand;
}

/** The upgrade fails, and so does the check whether the gateway is there. */
async function fail(world) {
  world.socket.end(1006);
  await world.settle();
  world.request.fail();
  await world.settle();
}

/** The waits before the tries of a gateway that is gone. */
async function retries({ world, last }) {
  world.socket.end(1006);
  const delays = [last('state').retryIn];
  for (let count = 0; count < 6; count += 1) {
    await world.advance(last('state').retryIn);
    await fail(world);
    delays.push(last('state').retryIn);
  }
  return delays;
}

test('retries come at once, then after 1, 2 and 4 seconds while somebody looks', async () => {
  const stand = await live();
  assert.deepEqual(await retries(stand), [50, 1000, 2000, 4000, 4000, 4000, 4000]);
});

test('no wait of a page that is seen is longer than 5 s; without a page they grow to 30 s', async () => {
  const late = stage({}, Object.assign(new World(), { random: () => 0.9999 }));
  late.gate.subscribe('a', late.take);
  await goLive(late.world);
  const longest = Math.max(...(await retries(late)));
  assert.ok(longest > 4990 && longest <= 5000, `${longest} ms`);
  const bare = stage({}, Object.assign(new World(), { document: null }));
  bare.gate.subscribe('a', bare.take);
  await goLive(bare.world);
  assert.deepEqual(await retries(bare), [50, 1000, 2000, 4000, 8000, 16_000, 30_000]);
});

test('what a goodbye asks for, and an overloaded gateway, is obeyed though somebody looks', async () => {
  const { world, last } = await live();
  world.socket.receive({ type: 'goodbye', reason: 'draining', reconnectAfter: 20_000 });
  world.socket.end(1001, 'draining');
  assert.deepEqual([last('state').retryIn, last('state').code], [20_000, 'draining']);
  await world.advance(20_000);
  const delays = [];
  for (let count = 0; count < 4; count += 1) {
    await goLive(world, { resumed: true });
    world.socket.end(1013);
    delays.push(last('state').retryIn);
    await world.advance(delays.at(-1));
  }
  assert.deepEqual(delays, [4000, 8000, 16_000, 30_000]);
});

test('a connection that was live for a moment only does not make the next drop an isolated one', async () => {
  const { world, last } = await live();
  world.socket.end(1006);
  await world.advance(50);
  await goLive(world, { resumed: true });
  await world.advance(4999);
  world.socket.end(1006);
  assert.equal(last('state').retryIn, 1000);
  await world.advance(1000);
  await goLive(world, { resumed: true });
  await world.advance(5000);
  world.socket.end(1006);
  assert.equal(last('state').retryIn, 50);
});

test('a goodbye says when to come back', async () => {
  const { world, last } = await live();
  world.socket.receive({ type: 'goodbye', reason: 'draining', reconnectAfter: 1840 });
  world.socket.end(1001, 'draining');
  assert.equal(last('state').retryIn, 1840);
  await world.advance(1839);
  assert.equal(world.sockets.length, 1);
  await world.advance(1);
  assert.equal(world.sockets.length, 2);
});

test('1001 alone is a drop like others', async () => {
  const { world, last } = await live();
  world.socket.end(1001);
  assert.equal(last('state').retryIn, 50);
});

test('an overloaded gateway (1013) is left alone for 4 s', async () => {
  const { world, last } = await live();
  world.socket.end(1013);
  assert.equal(last('state').retryIn, 4000);
});

for (const code of [1000, 1008]) {
  test(`after ${code} it does not come back by itself, and does when asked`, async () => {
    const { world, gate, last } = await live();
    world.socket.end(code, 'enough');
    assert.equal(gate.state, 'closed');
    assert.equal(last('error').message, 'enough');
    await world.advance(3_600_000);
    world.setOnline(true);
    world.setHidden(true);
    world.setHidden(false);
    assert.equal(world.sockets.length, 1);
    gate.reconnect();
    assert.equal(world.sockets.length, 2);
  });
}

test('closed by the page it stays closed, and its socket is closed with 1000', async () => {
  const { world, gate, told } = await live();
  gate.close();
  assert.equal(world.socket.closeCode, 1000);
  assert.deepEqual(told.slice(-2), ['state:closed', 'stale']);
  await world.advance(3_600_000);
  assert.equal(world.sockets.length, 1);
});

test('offline it waits for the network, and comes back at once', async () => {
  const { world, gate } = await live();
  world.online = false;
  world.socket.end(1006);
  assert.equal(gate.state, 'waiting', 'the first retry is made: browsers are wrong about being offline at times');
  await world.advance(50);
  await fail(world);
  assert.equal(gate.state, 'offline');
  await world.advance(600_000);
  assert.equal(world.sockets.length, 2);
  world.setOnline(true);
  assert.equal(world.sockets.length, 3);
});

test('going offline ends a wait, and being back online cuts one short', async () => {
  const { world, gate } = await live();
  world.socket.receive({ type: 'goodbye', reconnectAfter: 60_000 });
  world.socket.end(1001);
  world.setOnline(false);
  assert.equal(gate.state, 'offline');
  world.setOnline(true);
  assert.equal(gate.state, 'connecting');
});

test('a hidden page lets go of its connection after a while, and takes it up when it is seen again', async () => {
  const { world, gate, told } = await live({ pauseHiddenAfter: 60_000 });
  const beat = async (count) => {
    for (let passed = 0; passed < count; passed += 1) {
      await world.advance(10_000);
      if (!world.socket.isClosed) world.socket.receive({ type: 'heartbeat', cursor: 'e-2' });
    }
  };
  world.setHidden(true);
  await beat(5);
  world.setHidden(false);
  await beat(10);
  assert.equal(gate.state, 'live', 'a page that came back in time keeps its connection');
  world.setHidden(true);
  await beat(7);
  assert.equal(gate.state, 'hidden');
  assert.deepEqual(told.slice(-2), ['state:hidden', 'stale']);
  world.setHidden(false);
  await goLive(world, { resumed: true });
  assert.equal(world.socket.sent[0].cursor, 'e-2');
  assert.equal(gate.state, 'live');
});

test('a hidden page whose retries fail waits until it is seen', async () => {
  const { world, gate } = await live();
  world.setHidden(true);
  world.socket.end(1006);
  await world.advance(50);
  await fail(world);
  await world.advance(600_000);
  assert.equal(gate.state, 'hidden');
  assert.equal(world.sockets.length, 2);
  world.setHidden(false);
  assert.equal(world.sockets.length, 3);
});

test('with nothing to carry there is no connection', async () => {
  const { world, gate, take, told } = stage();
  const stop = gate.subscribe('a', take);
  stop();
  await world.settle();
  assert.equal(world.sockets.length, 0);
  const stopAgain = gate.subscribe('a', take);
  await goLive(world);
  stopAgain();
  await world.settle();
  assert.equal(gate.state, 'idle');
  assert.ok(world.socket.isClosed);
  assert.equal(gate.cursor, null);
  assert.ok(!told.includes('error'));
});

test('a bad pattern is refused before anything is sent', () => {
  const { world, gate, take } = stage();
  assert.throws(() => gate.subscribe(['a', 'b c'], take), { name: 'GateError', code: 'invalid_topic' });
  assert.equal(world.sockets.length, 0);
});

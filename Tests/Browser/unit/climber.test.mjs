import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Climber } from '../../../public/tidegate/climber.js';
import { Ladder } from '../../../public/tidegate/ladder.js';
import { goLive } from './stage.mjs';
import { World } from './world.mjs';

/** A client on an event stream, one below the top. */
function stand({ remembered = 'sse' } = {}) {
  const world = new World();
  const environment = world.environment();
  world.stored.set('k', remembered);
  const ladder = new Ladder({ usable: ['ws', 'sse', 'poll'], storage: environment.storage, key: 'k' });
  const changes = [];
  const climber = new Climber({
    surroundings: { environment, base: new URL('http://gate.example/'), heartbeat: 5, token: async () => null },
    ladder,
    isWatched: () => !world.document.hidden,
    start: () => ({ covered: ['a'], uncovered: [], cursor: 'e-7' }),
    changeOver: () => changes.push(ladder.current),
  });
  climber.plan();
  return { world, ladder, climber, changes };
}

test('after a minute the one above is tried from the cursor on, let go of again, and taken', async () => {
  const { world, changes } = stand();
  await world.advance(59_999);
  assert.equal(world.sockets.length, 0);
  await world.advance(1);
  const { sent, isClosed } = await goLive(world, { resumed: true });
  const { topics, cursor } = sent.find(({ type }) => type === 'subscribe');
  assert.deepEqual({ topics, cursor }, { topics: ['a'], cursor: 'e-7' });
  assert.ok(isClosed);
  assert.deepEqual(changes, ['ws']);
});

test('tries that fail come ever less often, up to ten minutes, and one that works begins anew', async () => {
  const { world, ladder, climber, changes } = stand();
  const waits = [];
  for (let count = 0; count < 6; count += 1) {
    const { time } = world;
    while (world.sockets.length === count) await world.advance(1000);
    waits.push((world.time - time) / 1000);
    world.socket.end(1006);
    await world.settle();
    world.request.fail();
    await world.settle();
  }
  assert.deepEqual(waits, [60, 120, 240, 480, 600, 600]);
  await world.advance(600_000);
  await goLive(world);
  assert.deepEqual(changes, ['ws']);
  ladder.blocked(true);
  climber.plan();
  await world.advance(60_000);
  assert.equal(world.sockets.length, 8);
});

test('one that says nothing has failed after 5 s', async () => {
  const { world } = stand();
  await world.advance(64_999);
  assert.equal(world.socket.isClosed, false);
  await world.advance(1);
  assert.ok(world.socket.isClosed);
  await world.advance(120_000);
  assert.equal(world.sockets.length, 2);
});

test('at the top there is nothing to try, and nothing is tried while nobody looks', async () => {
  const top = stand({ remembered: 'ws' });
  await top.world.advance(3_600_000);
  assert.equal(top.world.sockets.length + top.world.requests.length, 0);
  const unseen = stand();
  unseen.world.setHidden(true);
  await unseen.world.advance(60_000);
  assert.equal(unseen.world.sockets.length, 0);
  unseen.world.setHidden(false);
  await unseen.world.advance(120_000);
  assert.equal(unseen.world.sockets.length, 1);
});

test('stopped it tries nothing, and a try that was under way changes nothing', async () => {
  const { world, climber, changes } = stand();
  await world.advance(60_000);
  climber.stop();
  await goLive(world);
  await world.advance(3_600_000);
  assert.deepEqual(changes, []);
  assert.equal(world.sockets.length, 1);
});

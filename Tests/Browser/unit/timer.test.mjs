import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timer } from '../../../public/tidegate/timer.js';
import { World } from './world.mjs';

test('a new plan takes the place of the one before, and a stopped one is none', async () => {
  const world = new World();
  const done = [];
  const timer = new Timer(world.environment());
  timer.start(10, () => done.push('first'));
  timer.start(20, () => done.push(`second at ${world.time}`));
  await world.advance(30);
  timer.start(10, () => done.push('third'));
  timer.stop();
  await world.advance(30);
  assert.deepEqual(done, ['second at 20']);
});

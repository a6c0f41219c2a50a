import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Presence } from '../../../public/tidegate/presence.js';
import { World } from './world.mjs';

function watch({ pauseHiddenAfter, ...others } = {}) {
  const world = new World();
  const told = [];
  const presence = new Presence({
    environment: world.environment(others),
    pauseHiddenAfter,
    cameBack: () => told.push('back'),
    wentOffline: () => told.push('offline'),
    stayedHidden: () => told.push(`hidden at ${world.time}`),
  });
  return { world, told, presence };
}

test('the network comes and goes', () => {
  const { world, told, presence } = watch();
  world.setOnline(false);
  assert.equal(presence.isOnline, false);
  world.setOnline(true);
  assert.equal(presence.isOnline, true);
  assert.deepEqual(told, ['offline', 'back']);
});

test('a page is told to have stayed hidden once, five minutes after it was seen last', async () => {
  const { world, told, presence } = watch();
  world.setHidden(true);
  assert.equal(presence.isHidden, true);
  await world.advance(299_999);
  world.setHidden(false);
  world.setHidden(true);
  await world.advance(3_600_000);
  assert.deepEqual(told, ['back', 'hidden at 599999']);
});

test('how long is the caller\'s choice, and may be for ever', async () => {
  const short = watch({ pauseHiddenAfter: 10 });
  short.world.setHidden(true);
  await short.world.advance(3_600_000);
  assert.deepEqual(short.told, ['hidden at 10']);
  const endless = watch({ pauseHiddenAfter: Infinity });
  endless.world.setHidden(true);
  await endless.world.advance(3_600_000);
  assert.deepEqual(endless.told, []);
});

test('without a page somebody is there', () => {
  const { presence } = watch({ window: null, document: null });
  assert.equal(presence.isHidden, false);
  assert.equal(presence.isOnline, true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ladder } from '../../../public/tidegate/ladder.js';

const ladder = ({ usable = ['ws', 'sse', 'poll'], stored = {} } = {}) => {
  const memory = new Map(Object.entries(stored));
  const storage = { getItem: (key) => memory.get(key) ?? null, setItem: (key, value) => memory.set(key, value) };
  return Object.assign(new Ladder({ usable, storage, key: 'k' }), { memory });
};

test('it starts at the best, or at what worked last time', () => {
  assert.equal(ladder().current, 'ws');
  assert.equal(ladder({ stored: { k: 'poll' } }).current, 'poll');
  assert.equal(ladder({ stored: { k: 'pigeon' } }).current, 'ws');
  assert.equal(ladder({ stored: { k: 'ws' }, usable: ['sse', 'poll'] }).current, 'sse');
});

test('what works is remembered', () => {
  const steps = ladder();
  steps.blocked(true);
  steps.proven();
  assert.equal(steps.memory.get('k'), 'sse');
});

test('beyond doubt blocked: one down at once; in doubt: the same once more', () => {
  const steps = ladder();
  assert.equal(steps.blocked(false), true);
  assert.equal(steps.current, 'ws');
  assert.equal(steps.blocked(false), true);
  assert.equal(steps.current, 'sse');
  assert.equal(steps.blocked(true), true);
  assert.equal(steps.current, 'poll');
});

test('under the last one it starts again at the top, after a wait', () => {
  const steps = ladder({ usable: ['ws', 'poll'] });
  steps.blocked(true);
  assert.equal(steps.blocked(true), false);
  assert.equal(steps.current, 'ws');
});

test('it climbs one at a time, and not above the top', () => {
  const steps = ladder({ stored: { k: 'poll' } });
  assert.equal(steps.above, 'sse');
  steps.climb();
  assert.equal(steps.above, 'ws');
  steps.climb();
  assert.equal(steps.above, null);
  steps.climb();
  assert.equal(steps.current, 'ws');
});

test('a forced transport stays, is not remembered, and gives way to a free choice from the top', () => {
  const steps = ladder({ stored: { k: 'sse' } });
  steps.force('poll');
  assert.equal(steps.current, 'poll');
  assert.equal(steps.above, null);
  assert.equal(steps.blocked(true), false);
  assert.equal(steps.current, 'poll');
  steps.proven();
  assert.equal(steps.memory.get('k'), 'sse');
  steps.force(null);
  assert.equal(steps.current, 'ws');
});

test('storage that refuses to remember is no obstacle', () => {
  const storage = { getItem: () => null, setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } };
  const steps = new Ladder({ usable: ['ws'], storage, key: 'k' });
  steps.proven();
  assert.equal(steps.current, 'ws');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryPolicy } from '../../../public/tidegate/retry.js';

const delays = (random, count) => {
  const policy = new RetryPolicy(() => random);
  return Array.from({ length: count }, () => policy.failed());
};

test('at once after an isolated drop, then doubling from 1 s to 30 s', () => {
  assert.deepEqual(delays(0.5, 9), [50, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('the jitter is a quarter to each side, and the first retry comes within 100 ms', () => {
  assert.deepEqual(delays(0, 3), [0, 750, 1500]);
  assert.deepEqual(delays(1, 3), [100, 1250, 2500]);
});

test('once it has proven good, the next drop is an isolated one', () => {
  const policy = new RetryPolicy(() => 0.5);
  for (let count = 0; count < 4; count += 1) policy.failed();
  policy.succeeded();
  assert.equal(policy.failures, 0);
  assert.equal(policy.failed(), 50);
});

test('an overloaded peer is given 4 s at first, and more each time', () => {
  const policy = new RetryPolicy(() => 0.5);
  assert.deepEqual([policy.failed(3), policy.failed(3), policy.failed()], [4000, 8000, 16_000]);
});

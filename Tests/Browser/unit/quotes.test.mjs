import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quotes, numberOf } from '../../../public/dashboard/quotes.js';
import { update } from './world.mjs';

test('the number that stands for a value', () => {
  assert.deepEqual([5, { last: 2, bid: 1 }, { x: 'y', other: 7 }].map(numberOf), [5, 2, 7]);
  for (const none of ['5', null, true, [1, 2], {}, { state: 'halted' }]) assert.ok(Number.isNaN(numberOf(none)), JSON.stringify(none));
});

test('what is told a second time is no move', () => {
  const quotes = new Quotes();
  quotes.take(update('a', 3, 10.5), 100);
  quotes.take(update('a', 3, 10.5), 200);
  assert.equal(quotes.get('a').history.length, 1);
  assert.equal(quotes.get('a').movedAt, 100);
  quotes.take(update('a', 4, 10.25), 300);
  assert.deepEqual([quotes.get('a').history.length, quotes.get('a').directions.last, quotes.get('a').change], [2, -1, -0.25]);
});

test('the end of the chosen topic is known, and so is its return', () => {
  const quotes = new Quotes();
  quotes.select('a');
  quotes.take(update('a', 1), 0);
  quotes.take({ topic: 'a', version: 2, time: 0, deleted: true }, 0);
  assert.deepEqual([quotes.get('a'), quotes.isSelectedEnded], [undefined, true]);
  quotes.take(update('a', 3), 0);
  assert.equal(quotes.isSelectedEnded, false);
});

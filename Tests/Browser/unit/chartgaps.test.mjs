import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipTo, knownGaps } from '../../../public/dashboard/chartgaps.js';
import { History } from '../../../public/dashboard/history.js';

const historyAt = (...times) => {
  const history = new History(16);
  for (const time of times) history.push(time, '1', 1);
  return history;
};

test('a gap ends where something is known again: with the first value in it, or at its end', () => {
  const history = historyAt(100, 200, 300);
  assert.deepEqual(knownGaps([{ from: 150, to: 250 }], history), [{ from: 150, to: 200 }]);
  assert.deepEqual(knownGaps([{ from: 210, to: 250 }], history), [{ from: 210, to: 250 }]);
  assert.deepEqual(knownGaps([{ from: 350, to: Infinity }], history), [{ from: 350, to: Infinity }]);
  assert.deepEqual(knownGaps([{ from: 200, to: 300 }], history), [{ from: 200, to: 300 }], 'the last value before it was at its beginning');
});

test('gaps come in order, and what overlaps is one', () => {
  const history = historyAt(100);
  assert.deepEqual(knownGaps([{ from: 500, to: Infinity }, { from: 200, to: 300 }, { from: 250, to: 400 }, { from: 600, to: Infinity }], history), [{ from: 200, to: 400 }, { from: 500, to: Infinity }]);
});

test('the line is drawn beside the gaps, and nowhere in them', () => {
  const rects = [];
  const paint = { beginPath() {}, clip() {}, rect: (...rect) => rects.push(rect) };
  const view = { x: (time) => time, width: 100, height: 10, fontSize: 6 };
  clipTo(paint, view, [{ from: -20, to: -10 }, { from: 20, to: 30 }, { from: 80, to: Infinity }]);
  assert.deepEqual(rects.map(([left, , width]) => [left, left + width]), [[0, 20], [31, 80], [101, 101]]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coverage } from '../../../public/tidegate/coverage.js';

function covering(...patterns) {
  const coverage = new Coverage();
  coverage.extend(patterns, 'e-1');
  return coverage;
}

test('a connection starts at the cursor with what is covered, and has the rest sent whole', () => {
  const coverage = covering('a', 'b');
  coverage.moveTo('e-2');
  assert.deepEqual(coverage.startFor(new Set(['c', 'b'])), { covered: ['b'], uncovered: ['c'], cursor: 'e-2' });
  assert.deepEqual(coverage.start, { covered: ['a', 'b'], uncovered: [], cursor: 'e-2' });
});

test('where nothing is covered there is no cursor to start at', () => {
  const whole = { covered: [], uncovered: ['a'], cursor: null };
  assert.deepEqual(new Coverage().startFor(new Set(['a'])), whole);
  assert.deepEqual(covering('b').startFor(new Set(['a'])), whole);
  const cleared = covering('a');
  cleared.clear();
  assert.deepEqual(cleared.startFor(new Set(['a'])), whole);
  assert.equal(cleared.cursor, 'e-1');
  cleared.forget();
  assert.equal(cleared.cursor, null);
});

test('what was not carried for a while is covered no more', () => {
  const coverage = covering('a', 'b');
  coverage.keep(new Set(['b', 'c']));
  assert.deepEqual(coverage.startFor(new Set(['a', 'b', 'c'])), { covered: ['b'], uncovered: ['a', 'c'], cursor: 'e-1' });
});

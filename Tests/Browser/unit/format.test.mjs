import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, compact, decimalsOf, fixed, inCell, signed, signedInCell } from '../../../public/dashboard/format.js';

test('a price keeps the decimals that it was quoted with', () => {
  assert.deepEqual([1.08425, 0.8052, 249.1, 163.2, 42, 0].map((value) => decimalsOf(value, 0)), [5, 4, 2, 2, 0, 0]);
  assert.equal(decimalsOf(1.08, 5), 5, 'a round price among others loses none');
  assert.equal(fixed(1.08, 5), '1.08000');
});

test('what was computed shows two decimals, or four digits where it is small', () => {
  assert.equal(decimalsOf(12.345678901, 0), 2);
  assert.equal(decimalsOf(12.345678901, 3), 3);
  assert.equal(fixed(0.00001234, decimalsOf(0.00001234, 0)), '0.00001234');
  assert.equal(decimalsOf(1.5e-9, 0), 12);
});

test('the sign is a minus, and what rounds to nothing has none', () => {
  assert.deepEqual([-37.63, -0.001, -0].map((value) => fixed(value, 2)), ['−37.63', '0.00', '0.00']);
  assert.deepEqual([0.5, 0.001, -0.5].map((value) => signed(value, 2)), ['+0.50', '0.00', '−0.50']);
});

test('a number is shortened before a cell would cut it', () => {
  assert.deepEqual([108_234.5, 7_369_512.37, -98_765_432_109.87].map((value) => inCell(value, 2)), ['108,234.50', '7.370M', '−98.765G']);
  assert.deepEqual([0.00000012, -0.00000012, 0].map((value) => signedInCell(value, 8)), ['+1.2e−7', '−1.2e−7', '0']);
  assert.deepEqual([compact(12_345), compact(345_678), bytes(1_234_567)], ['12.3k', '346k', '1.2 MB']);
});

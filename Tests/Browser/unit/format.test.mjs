import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, compact, decimalsOf, fixed, move, moveInCell, plain, signed } from '../../../public/dashboard/format.js';

test('a move has the decimals that its price was quoted with', () => {
  assert.deepEqual(['1.08425', '0.8052', '249.1', '163.20', '42', '0', '1e3', '25e-3'].map((numeral) => decimalsOf(numeral, 0)), [5, 4, 2, 2, 0, 0, 0, 3]);
  assert.equal(decimalsOf('1.08', 5), 5, 'a round price among others loses none');
});

test('of what was computed it has two decimals, or four digits where that is small', () => {
  assert.equal(decimalsOf('12.345678901', 0), 2);
  assert.equal(decimalsOf('12.345678901', 3), 3);
  assert.equal(fixed(0.00001234, decimalsOf('0.00001234', 0)), '0.00001234');
  assert.equal(decimalsOf('1.5e-9', 0), 12);
});

test('the sign is a minus, and what rounds to nothing has none', () => {
  assert.deepEqual([-37.63, -0.001, -0].map((value) => fixed(value, 2)), ['−37.63', '0.00', '0.00']);
  assert.deepEqual([0.5, 0.001, -0.5].map((value) => signed(value, 2)), ['+0.50', '0.00', '−0.50']);
});

test('a move too small for its decimals is one all the same', () => {
  assert.deepEqual([move(1e-22, 2), move(-0.004, 2), move(0.005, 2), move(0, 2), move(1, 0)], ['+1.0e−22', '−0.0040', '+0.01', '0.00', '+1']);
});

test('a move is shortened before a cell would cut it', () => {
  assert.deepEqual([108_234.5, 7_369_512.37, -98_765_432_109.87, 8.38e21].map((value) => moveInCell(value, 2)), ['+108,234.50', '+7.370M', '−98.765G', '+8.38e+21']);
  assert.deepEqual([0.00000012, -0.00000012, 0].map((value) => moveInCell(value, 8)), ['+1.2e−7', '−1.2e−7', '0']);
  assert.deepEqual([compact(12_345), compact(345_678), bytes(1_234_567)], ['12.3k', '346k', '1.2 MB']);
});

test('a value without a number is shown as it came, and says where it is cut', () => {
  assert.deepEqual([plain('1.10', '"1.10"'), plain([1.1], '[1.10,8389766036995847940]'), plain(null, 'null')], ['1.10', '[1.10,8389766036995847940]', 'null']);
  assert.equal(plain(0, '8'.repeat(90)), `${'8'.repeat(80)}…`);
});

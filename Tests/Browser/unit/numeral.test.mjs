import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareNumerals, decimalsIn, difference, isPlain, shortened } from '../../../public/dashboard/numeral.js';

test('numerals are compared to the last digit', () => {
  const rising = [
    '-1e999', '-1e998', '-8389766036995847941', '-8389766036995847940', '-1.1', '-1e-400', '0', '1e-401', '1e-400', '0.1', '0.1000000000000000055511', '1.10', '9007199254740992', '9007199254740993',
    '8389766036995847940', '8389766036995847941', '8389766036995847941.5', '1e22', '1e998', '1e999', '1e99999999999999999999',
  ];
  for (const [place, one] of rising.entries()) {
    for (const [other, text] of rising.entries()) assert.equal(Math.sign(compareNumerals(one, text)), Math.sign(place - other), `${one} ${text}`);
  }
  for (const [one, other] of [['1.10', '1.1'], ['-0', '0'], ['0.0', '0e5'], ['1e3', '1000'], ['120E-1', '12.0'], ['1e999', '10e998']]) assert.equal(compareNumerals(one, other), 0, `${one} ${other}`);
});

test('differences and orders are exact, whatever the doubles say', () => {
  let seed = 7;
  const random = (count) => (seed = (seed * 48_271) % 2_147_483_647) % count;
  const numeral = () => `${random(2) ? '-' : ''}${random(3) ? random(1e6) : 0}${random(2) ? `.${String(random(1e5)).padStart(1 + random(20), '0')}` : ''}${random(4) ? '' : `e${random(30) - 15}`}`;
  const exact = (text) => {
    const [, minus, whole, decimals = '', exponent = '0'] = text.match(/^(-?)(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/);
    return BigInt(minus + whole + decimals) * 10n ** BigInt(60 - decimals.length + Number(exponent));
  };
  for (let count = 0; count < 20_000; count += 1) {
    const [one, other] = [numeral(), numeral()];
    const expected = exact(one) - exact(other);
    assert.equal(Math.sign(compareNumerals(one, other)), expected < 0n ? -1 : Number(expected > 0n), `${one} ${other}`);
    const least = isPlain(one) && isPlain(other) ? 1e-15 * Math.max(Math.abs(Number(one)), Math.abs(Number(other))) : 0;
    assert.ok(Math.abs(difference(one, other) - Number(`${expected}e-60`)) <= Math.max(least, 1e-15 * Math.abs(Number(`${expected}e-60`))), `${one} ${other}`);
  }
  assert.deepEqual([difference('1e999', '1'), difference('1e999', '1e999'), difference('8389766036995847941', '8389766036995847940')], [Infinity, 0, 1]);
});

test('plain is what a double gives back', () => {
  for (const text of ['0', '-0.01', '1.10', '123456789012345', '-123456789.012345', '0.00000000000001']) {
    assert.ok(isPlain(text) && Number(text).toFixed(decimalsIn(text)) === text, text);
  }
  for (const text of ['-0', '-0.00', '1e3', '1234567890123456', '0.1000000000000000055511', '1E2']) assert.ok(!isPlain(text), text);
});

test('a numeral in a cell is as it came, unless its size could not be seen so', () => {
  for (const same of ['0', '-0', '1.10', '0.00001234', '8389766036995847940', '0.1000000000000000055511', '1e999', '1.7e308', '0.0000000', '0e0']) assert.equal(shortened(same), same);
  const shown = {
    '0.00000000123': '1.23e-9', '-0.0000001230': '-1.230e-7', '0.00000000000000000000000000000123': '1.23e-30', '0.0000001e-5': '1e-12',
    '123456789012345678901234567890123': '1.234567…e32', '100000000000000000000000000000': '1e29', '0.10000000000000000555112345': '0.100000000000000005551…',
    '0.000000000000123456789012345': '1.23456789012345e-13', '0.00000000000012345678901234567890': '1.234567…e-13', '-83897660369958479401234.5678': '-8.389766…e22',
  };
  for (const [numeral, text] of Object.entries(shown)) assert.equal(shortened(numeral), text);
});

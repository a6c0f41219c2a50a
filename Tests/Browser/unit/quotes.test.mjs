import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quotes } from '../../../public/dashboard/quotes.js';
import { parseUpdate } from '../../../public/tidegate/messages.js';

/** @param {string} text the data's JSON */
const update = (topic, version, text) => parseUpdate(`{"topic":"${topic}","version":${version},"time":${1_764_000_000_000 + version},"data":${text}}`);

function told(...texts) {
  const quotes = new Quotes();
  for (const [place, text] of texts.entries()) quotes.take(update('a', place + 1, text), place * 100);
  return quotes.get('a');
}

test('the number that stands for a value', () => {
  assert.deepEqual(['5.0', ' { "bid" : 1, "last" : 2.50 }', '{"x":"y","other":7,"more":8}', '{"price":"x","b":1e999}'].map((text) => told(text).numeral), ['5.0', '2.50', '7', '1e999']);
  for (const none of ['"5"', 'null', 'true', '[1,2]', '{}', '{"state":"halted"}', '{"price":{"last":1}}']) assert.equal(told(none).numeral, '', none);
});

test('what is told a second time is no move', () => {
  const quotes = new Quotes();
  quotes.take(update('a', 3, '10.5'), 100);
  quotes.take(update('a', 3, '10.5'), 200);
  assert.equal(quotes.get('a').history.length, 1);
  assert.equal(quotes.get('a').movedAt, 100);
  quotes.take(update('a', 4, '10.25'), 300);
  assert.deepEqual([quotes.get('a').history.length, quotes.get('a').direction, quotes.get('a').change], [2, -1, -0.25]);
});

test('the digits are those that came, in the value, its members and its history', () => {
  const texts = ['8389766036995847940', '0.1000000000000000055511', '-0', '1.10', '1E+2', '1.1', '-12.340', '100', '123456789012345', '0.30000000000000004'];
  const quote = told(...texts);
  assert.equal(quote.numeral, texts.at(-1));
  assert.deepEqual(texts.map((_, place) => quote.history.numeral(place)), texts);
  const { numeral, numerals } = told('{"last":1.10,"bid":-0,"ask":1e999,"volume":8389766036995847940,"note":"1"}');
  assert.deepEqual([numeral, ...numerals], ['1.10', ['last', '1.10'], ['bid', '-0'], ['ask', '1e999'], ['volume', '8389766036995847940']]);
});

test('a history that is full, or made longer, keeps them too', () => {
  const quotes = new Quotes();
  const texts = Array.from({ length: 600 }, (_, place) => (place % 3 === 0 ? `838976603699584${place}000.10` : `${place}.50`));
  for (const [place, text] of texts.entries()) {
    if (place === 500) quotes.select('a');
    quotes.take(update('a', place + 1, text), 0);
  }
  const { history } = quotes.get('a');
  assert.equal(history.length, 356);
  assert.deepEqual(Array.from({ length: 356 }, (_, place) => history.numeral(place)), texts.slice(-356));
});

test('a move between what is the same to doubles is one', () => {
  const up = told('{"last":8389766036995847940,"bid":0.1000000000000000055511}', '{"last":8389766036995847941,"bid":0.1000000000000000055510}');
  assert.deepEqual([up.direction, up.directionOf('bid'), up.directionOf('ask'), up.change], [1, -1, 0, 1]);
  assert.equal(told('1.10', '1.1').direction, 0);
  const small = told('0.1000000000000000055511', '0.1000000000000000055512');
  assert.ok(Math.abs(small.change - 1e-22) < 1e-30 && small.direction === 1);
});

test('what cannot be drawn is no part of the history, and has no move', () => {
  const quote = told('5', '1e999', '-1e999');
  assert.deepEqual([quote.numeral, quote.history.length, quote.direction], ['-1e999', 1, -1]);
  assert.equal(Number.isFinite(quote.change), false);
});

test('a value that is no number any more is none', () => {
  const quote = told('5', '"halted"');
  assert.deepEqual([quote.numeral, quote.data, Number.isNaN(quote.change)], ['', 'halted', true]);
});

test('a change that the publisher tells is that', () => {
  const { change, changePercent } = told('{"last":10,"change":0.30,"changePercent":3.1}');
  assert.deepEqual([change, changePercent], [0.3, 3.1]);
  assert.equal(told('0', '5').changePercent, 0, 'a share of nothing is not told');
});

test('the end of the chosen topic is known, and so is its return', () => {
  const quotes = new Quotes();
  quotes.select('a');
  quotes.take(update('a', 1, '1'), 0);
  quotes.take({ topic: 'a', version: 2, time: 0, deleted: true }, 0);
  assert.deepEqual([quotes.get('a'), quotes.selectedEnding], [undefined, 'ended']);
  quotes.take(update('a', 3, '1'), 0);
  assert.equal(quotes.selectedEnding, '');
  quotes.take({ topic: 'a', version: 4, time: 0, deleted: true, expired: true }, 0);
  assert.equal(quotes.selectedEnding, 'expired');
});

test('a value grows stale without moving, until the next one comes', () => {
  const quotes = new Quotes();
  quotes.take(update('a', 1, '1'), 100);
  quotes.take({ ...update('a', 1, '1'), stale: 7 }, 200);
  const { staleSince, movedAt, history } = quotes.get('a');
  assert.deepEqual([staleSince, movedAt, history.length], [7, 100, 1]);
  quotes.take(update('a', 2, '1'), 300);
  assert.equal(quotes.get('a').staleSince, null);
});

test('the time in which it was stale is remembered when the next value comes', () => {
  const quotes = new Quotes();
  quotes.take(update('a', 1, '1'), 100);
  quotes.take({ ...update('a', 1, '1'), stale: 7 }, 200);
  quotes.take({ ...update('a', 1, '1'), stale: 7 }, 250);
  assert.deepEqual(quotes.get('a').gaps, []);
  quotes.take(update('a', 2, '1'), 300);
  quotes.take(update('a', 3, '1'), 400);
  assert.deepEqual(quotes.get('a').gaps, [{ from: 7, to: 1_764_000_000_002 }]);
});

test('its age counts from the moment that the publisher names, its place in the chart is by the gateway', () => {
  const quotes = new Quotes();
  quotes.take({ ...update('a', 1, '1'), at: 5 }, 0);
  assert.deepEqual([quotes.get('a').moment, quotes.get('a').history.time(0)], [5, 1_764_000_000_001]);
  quotes.take(update('a', 2, '1'), 0);
  assert.equal(quotes.get('a').moment, 1_764_000_000_002);
});

// A metric is shown with the unit that its member's name says, in a scale that can be read; a price as it came.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureOf } from '../../../public/dashboard/measure.js';
import { Quotes } from '../../../public/dashboard/quotes.js';
import { parseUpdate } from '../../../public/tidegate/messages.js';

/** With ordinary spaces. */
const texts = (name, ...numerals) => numerals.map((numeral) => measureOf(name, false).text(numeral).replaceAll('\u00a0', ' '));

test('the unit stands at the end of the name, and the scale is one that can be read', () => {
  assert.deepEqual(texts('busyPercent', '100', '87.62886597938144', '5.434', '0.0312', '0', '-3.5'), ['100 %', '87.6 %', '5.43 %', '0.031 %', '0 %', '−3.50 %']);
  assert.deepEqual(texts('receivedBytesPerSecond', '32140', '93', '0', '1.5e9'), ['32.1 kB/s', '93 B/s', '0 B/s', '1.50 GB/s']);
  assert.deepEqual(texts('totalBytes', '25300000000', '512', '1048576'), ['25.3 GB', '512 B', '1.05 MB']);
  assert.deepEqual(texts('perSecond', '1234567', '3', '0.5'), ['1.23 M/s', '3/s', '0.500/s']);
  assert.deepEqual(texts('receivedPacketsPerSecond', '12345.5'), ['12.3 k/s']);
});

test('durations of all units are said in the one that fits', () => {
  assert.deepEqual(texts('p99Milliseconds', '0.4', '2.25', '2250', '0.0004', '0'), ['400 µs', '2.25 ms', '2.25 s', '400 ns', '0 ms']);
  assert.deepEqual(texts('seconds', '0.5', '90', '150', '32400', '10000000'), ['500 ms', '90 s', '2.50 min', '9.00 h', '116 d']);
  assert.deepEqual(texts('lagMicroseconds', '1500'), ['1.50 ms']);
});

test('what is tiny, huge or beyond a double stays readable', () => {
  assert.deepEqual(texts('errorPercent', '1.23e-9', '-0.00000000123', '1e12', '1e999'), ['1.23e-9 %', '−1.23e-9 %', '1.00e12 %', '1e999']);
  assert.deepEqual(texts('usedBytes', '1e30'), ['1.00e15 PB']);
});

test('without a unit, and of a price, it is as it came', () => {
  assert.deepEqual(texts('load1', '9.22', '8389766036995847940', '1.10', '-0'), ['9.22', '8389766036995847940', '1.10', '-0']);
  assert.equal(measureOf('priceBytes', true).text('32140'), '32140');
});

test('the ticks of an axis have the unit too, and differ from each other', () => {
  const ticks = (name, step, size, ...values) => values.map((value) => measureOf(name, false).ticks(step, size)(value).replaceAll('\u00a0', ' '));
  assert.deepEqual(ticks('usedBytes', 2e6, 2.53e10, 2.5302e10, 2.5304e10), ['25.302 GB', '25.304 GB']);
  assert.deepEqual(ticks('p99Milliseconds', 0.1, 2, 1.3, 0), ['1.3 ms', '0.0 ms']);
  assert.deepEqual(ticks('busyPercent', 20, 100, 80), ['80 %']);
  assert.equal(measureOf('load1', false).ticks, null);
});

/** @param {string} text the data's JSON */
const update = (topic, version, text) => parseUpdate(`{"topic":"${topic}","version":${version},"time":${1_764_000_000_000 + version},"data":${text}}`);
const take = (quotes, topic, ...values) => values.forEach((text, place) => quotes.take(update(topic, quotes.get(topic)?.version + 1 || place + 1, text), 0));

test('only prices rise and fall in colour: a metric has no move', () => {
  const quotes = new Quotes();
  take(quotes, 'cpu', '{"userPercent":1,"busyPercent":100}', '{"userPercent":1,"busyPercent":0}');
  const { measure, trend, change, changePercent } = quotes.get('cpu');
  assert.deepEqual([measure.name, measure.isPrice, trend, change, changePercent], ['busyPercent', false, 0, NaN, NaN]);
  for (const [topic, before, after] of [['a', '{"price":2}', '{"price":1}'], ['b', '2', '1'], ['c', '{"x":2,"bid":3}', '{"x":1,"bid":3}']]) {
    take(quotes, topic, before, after);
    assert.deepEqual([quotes.get(topic).measure.isPrice, quotes.get(topic).trend], [true, -1], topic);
  }
});

test('columns are there while a topic has what they show', () => {
  const quotes = new Quotes();
  const present = () => ['price', 'metric', 'bid', 'ask', 'volume'].filter((trait) => quotes.has(trait)).join();
  take(quotes, 'cpu', '{"busyPercent":1}');
  assert.equal(present(), 'metric');
  take(quotes, 'a', '{"last":1}', '{"last":1,"bid":1,"volume":5}', '{"last":1,"ask":2,"volume":5}');
  assert.equal(present(), 'price,metric,ask,volume');
  take(quotes, 'b', '{"last":1,"ask":1}');
  quotes.take({ topic: 'a', version: 9, time: 0, deleted: true }, 0);
  assert.equal(present(), 'price,metric,ask');
  take(quotes, 'b', '"halted"');
  assert.equal(present(), 'metric');
  quotes.keep(() => false);
  assert.equal(present(), '');
});

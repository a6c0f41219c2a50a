import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPattern, matches, topicFault } from '../../../public/tidegate.js';

test('what patterns cover', () => {
  const cases = [
    ['a', 'a', true], ['a', 'b', false], ['a', 'a/b', false],
    ['*', 'a', true], ['*', 'a/b', false],
    ['a/*', 'a/b', true], ['a/*', 'a', false], ['a/*', 'a/b/c', false], ['*/b', 'a/b', true], ['a/*/c', 'a/x/c', true], ['a/*/c', 'a/x/d', false],
    ['**', 'a', true], ['**', 'a/b/c', true], ['a/**', 'a/b', true], ['a/**', 'a/b/c', true], ['a/**', 'a', false], ['a/**', 'ab/c', false],
    ['*/x/**', 'a/x/b/c', true], ['*/x/**', 'a/x', false],
  ];
  for (const [pattern, topic, expected] of cases) assert.equal(matches(pattern, topic), expected, `${pattern} covers ${topic}`);
});

test('what is a pattern', () => {
  for (const pattern of ['*', '**', 'a/*', '*/a', 'a/**']) assert.ok(isPattern(pattern), pattern);
  for (const topic of ['a', 'a/b', 'a*b']) assert.ok(!isPattern(topic), topic);
});

test('good names have no fault', () => {
  for (const name of ['a', 'fx/EUR/USD', 'host/disk:sda1', 'größe/é', '**', 'a/*/b', 'a/...', 'x'.repeat(256)]) assert.equal(topicFault(name), null, name);
});

test('each fault is told', () => {
  const faults = [
    ['', /at least one/], ['x'.repeat(257), /256 bytes/], ['é'.repeat(129), /256 bytes/], ['a b', /white space/], ['a\tb', /white space/], ['a\u007f', /control/], ['a,b', /comma/],
    ['/a', /empty segment/], ['a/', /empty segment/], ['a//b', /empty segment/], ['a/./b', /\. or \.\./], ['..', /\. or \.\./],
    ['a*', /whole segment/], ['**/a', /stands last/], ['a/***', /whole segment/],
  ];
  for (const [name, fault] of faults) assert.match(topicFault(name) ?? 'no fault', fault, name);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser } from '../../../public/tidegate/eventparser.js';

const event = (data, others = {}) => ({ type: 'message', data, id: null, ...others });
const parse = (...pieces) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

test('a block with every field', () => {
  assert.deepEqual(parse('event: gap\nid: e-1\ndata: {"a":1}\n\n'), [event('{"a":1}', { type: 'gap', id: 'e-1' })]);
});

test('data over several lines is joined with newlines', () => {
  assert.deepEqual(parse('data: a\ndata:\ndata:b\n\n'), [event('a\n\nb')]);
});

test('only one space after the colon is taken away', () => {
  assert.deepEqual(parse('data:  a\n\n'), [event(' a')]);
});

test('comments and unknown fields make no event', () => {
  assert.deepEqual(parse(': hello\n\nfoo: bar\n\n:\n\ndata\n\n'), [event('')]);
});

test('a block of only an id moves the cursor and has no data', () => {
  assert.deepEqual(parse('id: e-7\n\n'), [event(null, { id: 'e-7' })]);
});

test('an id with a null character and a retry that is no number are ignored', () => {
  assert.deepEqual(parse('id: a\0b\nretry: 1s\ndata: x\n\n'), [event('x')]);
});

test('a delay counts as soon as it is read, and makes no event', () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push(': hello\nretry: 250\n'), []);
  assert.equal(parser.retry, 250);
  assert.deepEqual(parser.push('\nretry: soon\nretry: -1\nretry\n\n'), []);
  assert.equal(parser.retry, 250);
});

test('a byte order mark at the start is dropped, and only there', () => {
  assert.deepEqual(parse('\uFEFFdata: a\n\n\uFEFFdata: b\n\n'), [event('a')]);
});

test('a block is complete with its empty line, not before', () => {
  assert.deepEqual(parse('data: a\n'), []);
  assert.deepEqual(parse('data: a\n', '\n'), [event('a')]);
});

test('a stream reads the same with any line end, cut anywhere', () => {
  const lines = [': tidegate', 'retry: 2000', '', 'data: {"x":"é"}', 'id: k-1', '', 'event: live', 'data: {}', 'data: 2', '', ''];
  const expected = parse(lines.join('\n'));
  assert.equal(expected.length, 2);
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    const text = lines.join(lineEnd) + (lineEnd === '\r' ? ':' : '');
    for (let cut = 0; cut <= text.length; cut += 1) {
      assert.deepEqual(parse(text.slice(0, cut), text.slice(cut)), expected, `${JSON.stringify(lineEnd)} cut at ${cut}`);
    }
    assert.deepEqual(parse(...text), expected, `${JSON.stringify(lineEnd)} by characters`);
  }
});

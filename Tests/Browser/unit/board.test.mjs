import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Board } from '../../../public/tidegate/board.js';
import { Subscription } from '../../../public/tidegate/subscription.js';
import { World, update } from './world.mjs';

function board() {
  const world = new World();
  const made = new Board(world.environment());
  const watch = (patterns, frame = false) => {
    const taken = [];
    const subscription = new Subscription(patterns, (what) => taken.push(what), { frame });
    made.add(subscription);
    return { taken, subscription };
  };
  return { world, board: made, watch };
}

test('an update goes to whom it concerns', () => {
  const { board: it, watch } = board();
  const all = watch(['a/**']);
  const one = watch(['a/x', 'a/*']);
  const none = watch(['b']);
  it.take([update('a/x', 1)]);
  assert.deepEqual([all.taken.length, one.taken.length, none.taken.length], [1, 1, 0]);
});

test('a repeat is dropped and counted', () => {
  const { board: it, watch } = board();
  const { taken } = watch(['a']);
  it.take([update('a', 2), update('a', 2), update('a', 1), update('a', 3)]);
  assert.deepEqual(taken.map(({ version }) => version), [2, 3]);
  assert.equal(it.counts.repeats, 2);
});

test('a jump in versions is counted as conflated, for the topic and in all; the first version is no jump', () => {
  const { board: it, watch } = board();
  watch(['*']);
  it.take([update('a', 7), update('a', 12), update('b', 40), update('b', 41)]);
  assert.equal(it.record('a').conflated, 4);
  assert.equal(it.record('b').conflated, 0);
  assert.equal(it.counts.conflated, 4);
});

test('what a gap names is not counted as conflated', () => {
  const { board: it, watch } = board();
  watch(['log']);
  it.take([update('log', 1)]);
  it.skip('log', 11);
  it.take([update('log', 11)]);
  assert.equal(it.counts.conflated, 0);
});

test('a newcomer is told what is known, after it has been handed its way out', async () => {
  const { world, board: it, watch } = board();
  watch(['*']);
  it.take([update('a', 1), update('b', 1)]);
  const late = watch(['a']);
  const gone = watch(['a']);
  it.remove(gone.subscription);
  assert.deepEqual(late.taken, []);
  await world.settle();
  assert.deepEqual(late.taken.map(({ topic }) => topic), ['a']);
  assert.deepEqual(gone.taken, []);
});

test('with frames: one call a frame, with the latest of each topic', () => {
  const { world, board: it, watch } = board();
  const { taken } = watch(['*'], true);
  it.take([update('a', 1), update('b', 1), update('a', 2)]);
  it.take([update('a', 3)]);
  assert.equal(world.frames.length, 1);
  assert.deepEqual(taken, []);
  world.drawFrame();
  assert.deepEqual(taken.map((updates) => updates.map(({ topic, version }) => `${topic}${version}`)), [['a3', 'b1']]);
  it.take([update('b', 2)]);
  world.drawFrame();
  assert.deepEqual(taken[1].map(({ version }) => version), [2]);
});

test('the end of a topic is told, and it is known no more', () => {
  const { board: it, watch } = board();
  const { taken } = watch(['a']);
  it.take([update('a', 1), { topic: 'a', version: 2, time: 0, deleted: true }]);
  assert.equal(taken[1].deleted, true);
  assert.equal(it.record('a').update, null);
  it.take([update('a', 3)]);
  assert.equal(it.record('a').update.version, 3);
});

test('what nobody wants any more is forgotten', () => {
  const { board: it, watch } = board();
  const one = watch(['a']);
  watch(['b']);
  it.take([update('a', 1), update('b', 1)]);
  it.remove(one.subscription);
  it.forgetUnwanted();
  assert.equal(it.record('a'), undefined);
  assert.ok(it.record('b'));
});

test('after a reset versions count anew, and no frame brings what was before', () => {
  const { world, board: it, watch } = board();
  const { taken } = watch(['a'], true);
  it.take([update('a', 9)]);
  it.forgetAll();
  world.drawFrame();
  assert.deepEqual(taken, []);
  it.take([update('a', 1)]);
  world.drawFrame();
  assert.equal(taken[0][0].version, 1);
});

test('of five thousand names none is compared with each of five thousand topics', (t) => {
  const { board: it, watch } = board();
  const names = Array.from({ length: 5000 }, (_, place) => `market/symbol-${place}`);
  const { taken } = watch([...names, 'other/*']);
  const split = t.mock.method(String.prototype, 'split');
  it.take(names.map((name) => update(name, 1)));
  assert.equal(taken.length, 5000);
  assert.equal(split.mock.callCount(), 0, 'a name that is held is no matter of patterns');
});

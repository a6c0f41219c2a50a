// The dashboard in a real browser, before a real gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './chromium.mjs';
import { gateway, isLive, last, open, page, stage, text } from './stage.mjs';

stage(Chromium, { feeds: ['market', 'host'] });

test('values move: in the table, beside the chart, in the gauges', async () => {
  await open();
  await page.waitFor(`document.querySelectorAll('#rows .row:not([hidden])').length > 10`);
  const topic = await page.waitFor(`document.querySelector('.row[aria-selected="true"]')?.dataset.topic`);
  const [before, price] = [await page.evaluate(last(topic)), await page.evaluate(text('#chart-price'))];
  await page.waitFor(`${last(topic)} !== ${JSON.stringify(before)}`);
  await page.waitFor(`${text('#chart-price')} !== ${JSON.stringify(price)}`);
  await page.waitFor(`document.querySelectorAll('.gauge[aria-valuenow]').length >= 2`);
  assert.equal(await page.evaluate(`document.querySelector('#simulated').hidden`), false, 'made-up data is called so');
});

for (const [name, shown] of [['ws', 'WebSocket'], ['sse', 'Event stream'], ['poll', 'Long poll']]) {
  test(`the last value is right by ${shown}`, async () => {
    await open(`?watch=test-${name}/*&transport=${name}`);
    assert.equal(await page.evaluate(text('#transport-name')), shown);
    const updates = Array.from({ length: 2000 }, (_, place) => ({ topic: `test-${name}/${place % 4}`, data: { last: place + 0.25 } }));
    await gateway.publish(...updates);
    for (const rest of [0, 1, 2, 3]) await page.waitFor(`${last(`test-${name}/${rest}`)} === '199${6 + rest}.25'`);
  });
}

test('transports switch under way, by hand, and the last value stays right', async () => {
  await open('?watch=switch/*');
  for (const [place, transport] of ['sse', 'poll', 'ws', 'poll', 'sse', 'auto'].entries()) {
    await page.click(`#transports input[value="${transport}"] + span`);
    await gateway.publish({ topic: 'switch/a', data: 10.5 + place });
    await page.waitFor(`${last('switch/a')} === '${10.5 + place}'`);
    await page.waitFor(isLive);
  }
  assert.match(await page.evaluate(text('#state')), /WebSocket/);
});

test('the pace slows the updates down, and the last value is still right', async () => {
  await open('?watch=pace/*');
  await page.evaluate(`(() => {
    const slider = document.querySelector('#pace');
    slider.value = '2';
    for (const name of ['input', 'change']) slider.dispatchEvent(new Event(name, { bubbles: true }));
  })()`);
  assert.equal(await page.evaluate(text('#pace-text')), '1 a second');
  // The page does not show when the pace takes effect, so the test publishes until the effect shows.
  const conflated = () => page.evaluate(`Number(document.querySelector('.row[data-topic="pace/a"] .conflated')?.textContent ?? 0)`);
  let round = 0;
  do {
    round += 1;
    await gateway.publish({ topic: 'pace/a', data: round + 0.5 });
  } while ((await conflated()) < 10);
  await page.waitFor(`${last('pace/a')} === '${round}.5'`);
});

test('the panel says how values come; slowed down, the rate falls and what is conflated away rises', async () => {
  await open('?watch=sim/*');
  for (const id of ['latency', 'rate', 'bytes', 'frames']) await page.waitFor(`/^[\\d.]+/.test(${text(`#${id}`)})`);
  await page.waitFor(`/^[A-Za-z0-9._~-]{3,64}$/.test(${text('#cursor')})`);
  assert.match(await page.evaluate(text('#state-reason')), /^live since \d\d:\d\d:\d\d$/);
  await page.waitFor(`Number(${text('#rate')}) > 120`);
  await page.evaluate(`document.querySelector('#pace').focus()`);
  for (let step = 0; step < 5; step += 1) await page.press('ArrowLeft');
  assert.equal(await page.evaluate(text('#pace-text')), '1 a second');
  await page.waitFor(`Number(${text('#rate')}) < 100 && Number(${text('#conflated-rate')}) > 80`);
  const drawn = (selector) => `(() => { const canvas = document.querySelector('${selector}');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((part) => part > 0); })()`;
  for (const selector of ['#flow', '#chart', '.row[aria-selected="true"] canvas']) await page.waitFor(drawn(selector));
});

test('patterns come and go with the keyboard, and stand in the URL and in the browser', async () => {
  await gateway.publish({ topic: 'keys/a', data: 1 }, { topic: 'other/b', data: 2 });
  await open('?watch=keys/*');
  await page.press('/');
  await page.type('other/*');
  await page.press('Enter');
  await page.waitFor(`${last('other/b')} === '2'`);
  assert.match(await page.evaluate('location.search'), /watch=keys\/\*,other\/\*/);
  await page.type('not good');
  await page.press('Enter');
  await page.waitFor(`/white space/.test(${text('#pattern-fault')})`);
  await page.evaluate(`document.querySelector('[aria-label="Stop watching keys/*"]').focus()`);
  await page.press('Enter');
  await page.waitFor(`!document.querySelector('.row[data-topic="keys/a"]:not([hidden])')`);
  await page.goTo(`${gateway.url}/`);
  await page.waitFor(`${last('other/b')} === '2'`);
});

test('arrows choose rows, and the chart follows', async () => {
  await gateway.publish(...['a', 'b', 'c'].map((name, place) => ({ topic: `arrow/${name}`, data: place })));
  await open('?watch=arrow/*');
  await page.waitFor(`${text('#chart-topic')} === 'arrow/a'`);
  await page.evaluate(`document.querySelector('#table').focus()`);
  await page.press('ArrowDown');
  await page.press('ArrowDown');
  await page.waitFor(`${text('#chart-topic')} === 'arrow/c'`);
  const active = `document.getElementById(document.querySelector('#table').getAttribute('aria-activedescendant')).dataset.topic`;
  await page.waitFor(`${active} === 'arrow/c'`);
  assert.match(await page.evaluate('location.search'), /topic=arrow\/c/);
});

test('the chart zooms and pans by wheel, drag and keys, and follows again', async () => {
  await open();
  const { x, y } = await page.place('#chart');
  const isFollowing = `document.querySelector('#follow').getAttribute('aria-pressed') === 'true'`;
  const pressed = `document.querySelectorAll('#spans [aria-pressed="true"]').length`;
  await page.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY: -120 });
  await page.waitFor(`${pressed} === 0`);
  await page.send('Input.dispatchMouseEvent', { type: 'mousePressed', x, y, button: 'left', clickCount: 1 });
  await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: x + 60, y, button: 'left' });
  await page.send('Input.dispatchMouseEvent', { type: 'mouseReleased', x: x + 60, y, button: 'left' });
  await page.waitFor(`!(${isFollowing})`);
  await page.evaluate(`document.querySelector('#chart').focus()`);
  await page.press('End');
  await page.waitFor(isFollowing);
  await page.press('ArrowLeft');
  await page.waitFor(`!(${isFollowing})`);
  await page.click('#follow');
  await page.waitFor(isFollowing);
  await page.click('#spans button[data-seconds="30"]');
  await page.waitFor(`${pressed} === 1`);
});

test('the theme follows the system, then the button', async () => {
  await open();
  const theme = 'document.documentElement.dataset.theme';
  assert.equal(await page.evaluate(theme), 'dark');
  await page.click('#theme');
  assert.equal(await page.evaluate(theme), 'light');
  await page.goTo(`${gateway.url}/`);
  assert.equal(await page.evaluate(theme), 'light');
});

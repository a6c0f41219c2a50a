#!/usr/bin/env node
// How smooth the dashboard is: frames a second in headless Chromium (drawn by the processor, there is no graphics card)
// with 1,000 symbols at 10,000 updates a second from the release build's simulated market.
//
// usage: Benchmarks/browser-frames.mjs [SECONDS] [SYMBOLS] [UPDATES A SECOND] [WIDTHxHEIGHT]
//        make release first; TIDEGATE names another binary
process.env.TIDEGATE ??= '.build/release/tidegate';
const { Chromium } = await import('../Tests/Browser/real/chromium.mjs');
const { startGateway } = await import('../Tests/Browser/real/gateway.mjs');

const [seconds, symbols, rate] = [15, 1000, 10_000].map((usual, place) => Number(process.argv[2 + place] ?? usual));
const [width, height] = (process.argv[5] ?? '1280x860').split('x').map(Number);

/** `9.8k` and `873` by what they mean. */
const byNumber = (one, other) => number(one) - number(other);
const number = (text) => parseFloat(text) * (text.endsWith('k') ? 1000 : 1);

const gateway = await startGateway({ feeds: ['market', 'host'], settings: { 'feeds.market.symbols': symbols, 'feeds.market.rate': rate } });
const chromium = await Chromium.open();
try {
  const page = await chromium.newPage({ width, height });
  await page.send('Performance.enable');
  await page.goTo(`${gateway.url}/?watch=sim/*`);
  await page.waitFor(`document.querySelector('#table').getAttribute('aria-rowcount') === '${symbols + 1}'`);
  const spent = async () => Object.fromEntries((await page.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const before = await spent();
  const { intervals, rates } = await page.evaluate(`new Promise((done) => {
    const [intervals, rates, start] = [[], [], performance.now()];
    const shown = (id) => document.getElementById(id).textContent;
    const reading = setInterval(() => rates.push([shown('rate'), shown('conflated-rate')]), 1000);
    let last = start;
    const frame = (now) => {
      intervals.push(now - last);
      last = now;
      if (now - start < ${seconds * 1000}) return requestAnimationFrame(frame);
      clearInterval(reading);
      done({ intervals, rates });
    };
    requestAnimationFrame(frame);
  })`);
  const after = await spent();
  const sorted = intervals.toSorted((one, other) => one - other);
  const at = (share) => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)].toFixed(1);
  const share = (name) => `${((100 * (after[name] - before[name])) / (after.Timestamp - before.Timestamp)).toFixed(0)} %`;
  const passed = intervals.reduce((sum, interval) => sum + interval, 0) / 1000;
  console.log(`${symbols} rows, ${width}×${height}, ${passed.toFixed(0)} s`);
  console.log(`frames a second   ${(intervals.length / passed).toFixed(1)}   between two: median ${at(0.5)} ms, 95 % below ${at(0.95)} ms, longest ${at(1)} ms`);
  const [delivered, conflated] = [0, 1].map((place) => rates.map((pair) => pair[place]).sort(byNumber)[rates.length >> 1]);
  console.log(`updates a second  ${delivered} delivered, ${conflated} conflated away (medians of what the page shows)`);
  console.log(`main thread       ${share('TaskDuration')} busy: script ${share('ScriptDuration')}, style ${share('RecalcStyleDuration')}, layout ${share('LayoutDuration')}`);
} finally {
  await chromium.close();
  await gateway.stop();
}

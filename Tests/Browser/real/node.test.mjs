// The library in Node, as docs/browser.md has it: a program of a few lines, which ends once it closes its client.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startGateway } from './gateway.mjs';

let gateway;

before(async () => (gateway = await startGateway({ feeds: ['market'] })));
after(() => gateway?.stop());

/** What a program says that imports the library. @param {string} program */
async function run(program, flags = []) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', program]);
  assert.equal(stderr.replaceAll(/.*(ExperimentalWarning|trace-warnings).*\n/g, ''), '');
  return stdout.trim();
}

const begin = (options = {}) => `
  import { Tidegate } from './public/tidegate.js';
  const gate = new Tidegate('${gateway.url}', ${JSON.stringify(options)});
  gate.on('error', ({ message }) => console.error(message));`;

test('as it is it takes what there is: without WebSocket the event stream', async () => {
  const said = await run(`${begin()}
    console.log(typeof WebSocket);
    gate.subscribe('sim/*', ({ topic, data }) => {
      console.log(gate.transport, topic, data.last > 0);
      gate.close();
    });`, process.versions.node.startsWith('20.') ? [] : ['--no-experimental-websocket']);
  assert.match(said, /^undefined\nsse sim\/\S+ true/);
});

for (const transport of ['sse', 'poll']) {
  test(`by ${transport}: it subscribes, publishes, is told, and ends`, async () => {
    const said = await run(`${begin({ transport })}
      gate.on('live', async () => {
        if (gate.get('node/${transport}')) return;
        console.log(await gate.publish('node/${transport}', { price: 1.5 }));
      });
      gate.subscribe('node/${transport}', ({ version, data }) => {
        console.log(version, data.price);
        gate.close();
      });`);
    assert.deepEqual(said.split('\n').sort(), ['1', '1 1.5']);
  });
}

test('frames are there as well: one call with each topic once', async () => {
  const said = await run(`${begin()}
    gate.subscribe('sim/*', (updates) => {
      console.log(Array.isArray(updates), new Set(updates.map(({ topic }) => topic)).size === updates.length);
      gate.close();
    }, { frame: true });`);
  assert.equal(said, 'true true');
});

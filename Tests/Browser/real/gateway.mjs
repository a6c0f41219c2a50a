/** The real gateway as a process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** Lists have no place on the command line. @param {Record<string, object[]>} rules @param {object} access @returns {string} the path of a file */
function configurationWith(rules, access) {
  const { feeds: { replay, ...feeds }, topics, access: standard, $schema, ...others } = JSON.parse(readFileSync('config.json', 'utf8'));
  const path = join(mkdtempSync(join(tmpdir(), 'tidegate-')), 'config.json');
  const all = { ...others, publicFolder: resolve('public'), topics: { ...topics, ...rules }, access: { ...standard, ...access }, feeds: { ...feeds, replay: { ...replay, file: resolve(replay.file) } } };
  writeFileSync(path, JSON.stringify(all));
  return path;
}

const binary = process.env.TIDEGATE ?? '.build/debug/tidegate';

/**
 * @param {object} [options]
 * @param {number} [options.port] 0 takes a free one
 * @param {string[]} [options.feeds] those that run
 * @param {Record<string, string | number>} [options.settings]
 * @param {Record<string, object[]>} [options.rules] for topics, such as `stale`
 * @param {object} [options.access] who may do what
 * @param {import('./authority.mjs').Authority} [options.authority] opens a second endpoint, by TLS
 */
export async function startGateway({ port = 0, feeds = [], settings = {}, rules, access, authority } = {}) {
  const all = ['gateway', 'host', 'market', 'replay'];
  const values = { 'storage.folder': '', 'drain.spread': 0, 'drain.deadline': 1, 'drain.reconnectSpread': 0.2, ...Object.fromEntries(all.map((name) => [`feeds.${name}.enabled`, feeds.includes(name)])), ...settings };
  if (authority) Object.assign(values, { 'endpoints.0.redirect': false, 'endpoints.1.tls.certificate': authority.certificate, 'endpoints.1.tls.key': authority.key });
  const flags = Object.entries(values).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const isOwn = Boolean(rules ?? access);
  const configuration = isOwn ? configurationWith(rules ?? {}, access ?? {}) : 'config.json';
  const child = spawn(binary, ['serve', '--config', configuration, '--port', String(port), '--log-format', 'json', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => child.once('exit', done));
  const [address, secureAddress] = await new Promise((settle, fail) => {
    ended.then((code) => fail(new Error(`the gateway ended with ${code} before it listened`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'listening') settle(event.address.split(' '));
      else if (event.level === 'error') console.error(line);
    });
  });
  const url = `http://${address}`;
  return {
    url,
    /** Where there is an authority. */
    secureURL: `https://${secureAddress}`,
    port: Number(address.split(':').at(-1)),
    /** It stands still, with all its connections, or goes on. @param {boolean} isFrozen */
    freeze: (isFrozen) => child.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    /** @param {NodeJS.Signals} [signal] */
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
      if (isOwn) rmSync(dirname(configuration), { recursive: true });
    },
    /** @param {{topic: string, data: any}[]} updates */
    publish: async (...updates) => {
      const answer = await fetch(`${url}/publish`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: updates.map((update) => `${JSON.stringify(update)}\n`).join('') });
      if (!answer.ok) throw new Error(`publishing was refused: ${await answer.text()}`);
    },
    /** @param {string} topic @param {string} text JSON, sent as it stands */
    publishText: async (topic, text) => {
      const answer = await fetch(`${url}/topics/${topic}`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: text });
      if (!answer.ok) throw new Error(`publishing was refused: ${await answer.text()}`);
    },
  };
}

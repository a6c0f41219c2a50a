/**
 * Readers of the browser library on the three transports, and a publisher that knows what each of them has to end with.
 *
 * usage: node crowd.mjs URL COUNT
 *
 * Says `{"ready":true}` when all are live, and goes on until its input ends. Then nothing more is published, and when all readers have all of it, it
 * says in one line of JSON what they have seen.
 */
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Tidegate } from '../../public/tidegate.js';
import { realEnvironment } from '../../public/tidegate/environment.js';

// Debian's; that of Node loses connections where a machine is busy.
const { WebSocket } = createRequire(import.meta.url)('/usr/share/nodejs/ws');

const [url, count] = [process.argv[2], Number(process.argv[3])];
const transports = ['ws', 'sse', 'poll'];
const topicCount = 200;
const updatesPerSecond = 20;
const logEntriesPerSecond = 0.5;
const log = 'trades/all';
/** How many readers begin a second. */
const startRate = 250;

const environment = { ...realEnvironment(), WebSocket };
const faults = [];
const fault = (text) => faults.push(text);
/** By topic: how often it was published, which is its value too. */
const published = new Map();

class Reader {
  constructor(number) {
    this.name = `${transports[number % 3]} ${number}`;
    this.topics = [0, 1].map((step) => `stocks/${(number * 7 + step * 13) % topicCount}`);
    this.held = new Map();
    this.staleness = [];
    this.connects = [];
    this.since = null;
    this.hint = 0;
    this.gate = new Tidegate(url, { transport: transports[number % 3], environment, last: 0, heartbeat: 10 });
    this.isLive = new Promise((settle) => this.gate.on('live', settle));
    this.gate.on('live', () => this.#live());
    this.gate.on('stale', () => this.#stale());
    this.gate.on('state', (detail) => this.#state(detail));
    // That a transport does not open in time on a busy machine is none.
    this.gate.on('error', ({ code, message }) => code === 'blocked' || fault(`${this.name}: ${code} ${message}`));
    for (const event of ['reset', 'gap']) this.gate.on(event, (detail) => fault(`${this.name}: ${event} ${JSON.stringify(detail)}`));
    this.gate.subscribe([...this.topics, log], (update) => this.#take(update));
  }

  #take({ topic, version, data }) {
    const former = this.held.get(topic);
    if (former && version <= former.version) fault(`${this.name}: ${topic} fell from version ${former.version} to ${version}`);
    if (former && topic === log && version !== former.version + 1) fault(`${this.name}: ${topic} has a hole between ${former.version} and ${version}`);
    this.held.set(topic, { version, data });
  }

  #stale() {
    this.since = environment.now();
  }

  #state(detail) {
    const { state, retryIn } = detail;
    this.last = { ...detail, since: Math.round(environment.now()), counts: this.gate?.counts };
    // The first wait is what the goodbye asks for.
    if (state === 'waiting' && !this.hint) this.hint = retryIn;
    if (state === 'connecting' && this.since) this.connects.push(environment.now());
  }

  #live() {
    if (this.since) this.staleness.push({ beyond: environment.now() - this.since - this.hint });
    this.since = null;
    this.hint = 0;
  }

  /** What it lacks; null: nothing. */
  get lack() {
    for (const topic of [...this.topics, log]) {
      const last = published.get(topic) ?? 0;
      const held = this.held.get(topic)?.data ?? 0;
      if (last !== held && last > 0) return `${this.name}: of ${topic} it holds ${held}, and ${last} was published; it is ${JSON.stringify(this.last)}`;
    }
    return null;
  }
}

/** Publishes until it is answered: a key makes that once. */
async function publish(topic) {
  const data = (published.get(topic) ?? 0) + 1;
  published.set(topic, data);
  const key = `${topic} ${data} ${environment.random()}`;
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
      const answer = await fetch(new URL('publish', url), { method: 'POST', headers, body: JSON.stringify([{ topic, data }]) });
      await answer.arrayBuffer();
      if (answer.ok) return;
      if (answer.status < 502 || answer.status > 504) fault(`publishing is answered ${answer.status}`);
    } catch {
      // The node is gone.
    }
    await pause(100);
  }
  fault(`${topic}: nobody takes update ${data}`);
}

const pause = (milliseconds) => new Promise((settle) => setTimeout(settle, milliseconds));

let isOver = false;

/** One after the other, so that each topic's come in order. */
async function publishOn(rate, next) {
  const began = environment.now();
  for (let sent = 0; !isOver; sent += 1) {
    await pause(Math.max(began + (1000 * sent) / rate - environment.now(), 0));
    await publish(next(sent));
  }
}

function quantile(sorted, share) {
  return Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0);
}

/** The most within any second. */
function peak(moments) {
  const sorted = moments.toSorted((a, b) => a - b);
  let [begin, most] = [0, 0];
  sorted.forEach((moment, place) => {
    while (sorted[begin] < moment - 1000) begin += 1;
    most = Math.max(most, place - begin + 1);
  });
  return most;
}

/** How late this process itself is: all readers are in it. */
const lateness = monitorEventLoopDelay({ resolution: 5 });

const readers = [];
for (let number = 0; number < count; number += 1) {
  readers.push(new Reader(number));
  if (number % (startRate / 10) === startRate / 10 - 1) await pause(100);
}
await Promise.all(readers.map((reader) => reader.isLive));
console.log(JSON.stringify({ ready: true }));
lateness.enable();

const publishers = [
  publishOn(updatesPerSecond, (sent) => `stocks/${(sent * 37) % topicCount}`),
  publishOn(logEntriesPerSecond, () => log),
];
for await (const _ of createInterface({ input: process.stdin })) break;
isOver = true;
await Promise.all(publishers);
const last = environment.now() + 30_000;
while (readers.some(({ lack }) => lack !== null) && environment.now() < last) await pause(50);
for (const { lack } of readers) if (lack) fault(lack);

const beyond = readers.flatMap(({ staleness }) => staleness.map((one) => one.beyond)).toSorted((a, b) => a - b);
const byTransport = Object.fromEntries(transports.map((name) => {
  const own = readers.filter((reader) => reader.name.startsWith(name)).flatMap(({ staleness }) => staleness.map((one) => one.beyond)).toSorted((a, b) => a - b);
  return [name, { p50: quantile(own, 0.5), p99: quantile(own, 0.99), most: quantile(own, 1) }];
}));
console.log(JSON.stringify({
  readers: readers.length,
  moves: beyond.length,
  published: [...published.values()].reduce((sum, value) => sum + value, 0),
  staleBeyondHint: { p50: quantile(beyond, 0.5), p99: quantile(beyond, 0.99), most: quantile(beyond, 1), ...byTransport },
  ownLateness: { p99: Math.round(lateness.percentile(99) / 1e6), most: Math.round(lateness.max / 1e6) },
  peakConnects: peak(readers.flatMap(({ connects }) => connects)),
  faultCount: faults.length,
  faults: faults.slice(0, 10),
}));
process.exit(0);

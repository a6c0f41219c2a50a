// Compiled, not run: what an editor knows of the library. A line marked `@ts-expect-error` must not compile.
import { GateError, Tidegate, matches } from '../../../public/tidegate.js';

const gate = new Tidegate('https://gate.example', { transport: 'sse', maxRate: 2, token: async ({ isRefresh }) => (isRefresh ? 'new' : null) });

new Tidegate({ a: 'https://a.example', b: new URL('https://b.example') }, { transport: 'ws' }).close();

const stop: () => void = gate.subscribe(['stocks/*'], (update) => {
  const version: number = update.version;
  const isEnd: true | undefined = update.deleted && update.expired;
  return [version, isEnd, update.data.price, update.at ?? update.time];
});
gate.subscribe('fx/*', ({ stale }) => stale !== undefined && new Date(stale), { stale: true });
gate.subscribe('stocks/*', (updates) => updates.map(({ topic }) => topic.toUpperCase()), { frame: true });
gate.subscribe('orders/*', (update) => update.data?.id === 8389766036995847940n && update.text?.length, { parse: (text) => ({ id: BigInt(text) }) });
gate.subscribe('orders/*', (updates) => updates[0].data?.toFixed(2), { frame: true, parse: Number });
gate.on('state', ({ state, retryIn }) => state === 'waiting' && (retryIn ?? 0) > 0);
gate.on('gap', ({ topic, next, missed }) => [topic, next, missed]);
gate.on('live', ({ transport }) => gate.setTransport(transport));
const accepted: Promise<number> = gate.publish('stocks/ACME', { price: 189.3 });
gate.publish([{ topic: 'fx/EUR', data: 1.08, ttl: 30, at: 1764000000123 }]);
const isStale: boolean = gate.isStale && matches('a/*', 'a/b') && new GateError('forbidden', 'no').code === 'forbidden';
export default [stop, accepted, isStale, gate.counts.conflated, gate.get('a')?.time];

// @ts-expect-error there is no such transport
gate.setTransport('pigeon');
// @ts-expect-error nor such an event
gate.on('sunrise', () => {});
// @ts-expect-error an update is not many
gate.subscribe('a', (update) => update.length);
// @ts-expect-error many are not one
gate.subscribe('a', (updates) => updates.topic, { frame: true });
// @ts-expect-error a pace is a number
gate.setPace('2');
// @ts-expect-error what this parser makes is no list
gate.subscribe('a', (update) => update.data?.length, { parse: Number });
// @ts-expect-error how many of the last updates is a number
new Tidegate('/', { last: '5' });
// @ts-expect-error whether it wants to be told is true or false
gate.subscribe('a', () => {}, { stale: 5 });
// @ts-expect-error a parser is given a text
gate.subscribe('a', () => {}, { parse: (number: number) => number });

/**
 * The Tidegate client: one import, the same in a browser and in Node 20.
 *
 *     import { Tidegate } from './tidegate.js';
 *     const gate = new Tidegate();
 *     gate.subscribe(['sim/*'], (update) => console.log(update.topic, update.data));
 *
 * It connects by WebSocket, else by event stream, else by long poll; it reconnects, resumes, and
 * says how fresh its values are. docs/protocol.md describes the wire.
 */
export { Tidegate } from './tidegate/gate.js';
export { GateError } from './tidegate/error.js';
export { isPattern, matches, topicFault } from './tidegate/patterns.js';

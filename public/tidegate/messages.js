/** The gateway's messages: JSON in which each update keeps the text of its data. */
import { JSONScanner } from './jsonscanner.js';

/** @typedef {import('./transport.js').Update} Update */

/** A message of a WebSocket, or the answer to a poll. @param {string} text @returns {any} */
export function parseMessage(text) {
  const message = JSON.parse(text);
  if (!Array.isArray(message?.updates)) return message;
  const scanner = new JSONScanner(text);
  scanner.enter();
  while (scanner.nextMember()) {
    if (scanner.name !== 'updates' || !scanner.isArray) {
      scanner.skip();
      continue;
    }
    scanner.enter();
    for (let place = 0; scanner.nextElement(); place += 1) keepText(message.updates[place], scanner);
  }
  return message;
}

/** @param {string} text @returns {Update} */
export function parseUpdate(text) {
  const update = JSON.parse(text);
  keepText(update, new JSONScanner(text));
  return update;
}

/** @param {Update} update @param {JSONScanner} scanner before the update's text */
function keepText(update, scanner) {
  if (!scanner.isObject) {
    scanner.skip();
    return;
  }
  scanner.enter();
  while (scanner.nextMember()) {
    if (scanner.name === 'data') update.text = copied(scanner.value());
    else scanner.skip();
  }
}

/** Engines keep a long text alive for the smallest part of it, and a topic's last update may be kept for days. @param {string} part */
const copied = (part) => ` ${part}`.slice(1);

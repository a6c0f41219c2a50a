/** Reads `text/event-stream` (WHATWG HTML §9.2) as it arrives, in pieces of any size. */

/**
 * @typedef {object} StreamEvent
 * @property {string} type `message` unless the stream says otherwise
 * @property {string | null} data null for a block without a `data:` line
 * @property {string | null} id of this block, or null
 */

export class EventParser {
  #rest = '';
  #isStart = true;
  #event = emptyEvent();
  /** The last `retry:`, in milliseconds: it counts as soon as it is read, whether or not its block ends. */
  retry = /** @type {number | null} */ (null);

  /**
   * @param {string} text
   * @returns {StreamEvent[]} the blocks that `text` completes
   */
  push(text) {
    let input = this.#rest + text;
    if (this.#isStart && input.length > 0) {
      if (input.startsWith('\uFEFF')) input = input.slice(1);
      this.#isStart = false;
    }
    const events = [];
    let start = 0;
    for (;;) {
      const end = lineEnd(input, start);
      if (!end) break;
      if (end.at === start) {
        if (this.#event.isSet) events.push(completed(this.#event));
        this.#event = emptyEvent();
      } else {
        this.#readLine(input.slice(start, end.at));
      }
      start = end.next;
    }
    this.#rest = input.slice(start);
    return events;
  }

  /** @param {string} line */
  #readLine(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : line.slice(from);
    const event = this.#event;
    if (field === 'data') event.lines.push(value);
    else if (field === 'event') event.type = value;
    else if (field === 'id' && !value.includes('\0')) event.id = value;
    else {
      if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
      return;
    }
    event.isSet = true;
  }
}

const emptyEvent = () => ({
  type: '',
  lines: /** @type {string[]} */ ([]),
  id: /** @type {string | null} */ (null),
  isSet: false,
});

/** @param {ReturnType<typeof emptyEvent>} event */
const completed = ({ type, lines, id }) => ({
  type: type || 'message',
  data: lines.length > 0 ? lines.join('\n') : null,
  id,
});

/**
 * Where the line from `start` ends: LF, CR or CRLF. A CR at the very end may be half of a CRLF, so it waits.
 * @param {string} input
 * @param {number} start
 */
function lineEnd(input, start) {
  const feed = input.indexOf('\n', start);
  // Searches this line only: otherwise each line of a stream without CRs would cost a search to the stream's end.
  const offset = input.slice(start, feed < 0 ? input.length : feed).indexOf('\r');
  if (offset < 0) return feed < 0 ? null : { at: feed, next: feed + 1 };
  const carriage = start + offset;
  if (carriage + 1 === input.length) return null;
  return { at: carriage, next: carriage + (input[carriage + 1] === '\n' ? 2 : 1) };
}

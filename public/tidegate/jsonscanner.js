/**
 * Finds the parts of a JSON text, so that a value can be shown and parsed as it came: `JSON.parse` makes doubles of numbers,
 * and a double holds some 15 digits.
 */

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const space = 0x20;

export class JSONScanner {
  /** The name of the member whose value comes next. */
  name = '';
  #text;
  #at = 0;

  /** @param {string} text JSON that `JSON.parse` has taken before: mistakes are not looked for */
  constructor(text) {
    this.#text = text;
    this.#skipSpace();
  }

  /** Whether the next value is an object, and an array. */
  get isObject() {
    return this.#text.charCodeAt(this.#at) === openBrace;
  }

  get isArray() {
    return this.#text.charCodeAt(this.#at) === openBracket;
  }

  /** Steps into the next value, an object or an array. */
  enter() {
    this.#at += 1;
    this.#skipSpace();
  }

  /** Steps to the next member of the object, or out of it behind the last. */
  nextMember() {
    if (!this.nextElement()) return false;
    const end = endOfString(this.#text, this.#at);
    const name = this.#text.slice(this.#at + 1, end - 1);
    this.name = name.includes('\\') ? JSON.parse(`"${name}"`) : name;
    this.#at = this.#text.indexOf(':', end) + 1;
    this.#skipSpace();
    return true;
  }

  /** Steps to the next element of the array, or out of it behind the last. */
  nextElement() {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) === comma) {
      this.#at += 1;
      this.#skipSpace();
    }
    const code = this.#text.charCodeAt(this.#at);
    if (code !== closeBrace && code !== closeBracket) return true;
    this.#at += 1;
    return false;
  }

  /** Steps over the next value, and returns its text. A part of `text` that is kept keeps all of `text` in memory. */
  value() {
    const start = this.#at;
    this.#at = endOfValue(this.#text, start);
    return this.#text.slice(start, this.#at);
  }

  /** Steps over the next value. */
  skip() {
    this.#at = endOfValue(this.#text, this.#at);
  }

  #skipSpace() {
    while (this.#text.charCodeAt(this.#at) <= space) this.#at += 1;
  }
}

/** Where the value that begins at `start` ends. @param {string} text @param {number} start */
function endOfValue(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth < 0) return at;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === comma || code <= space)) {
      return at;
    }
  }
  return text.length;
}

/** Where the string that begins at `start` ends, behind its quotation mark. @param {string} text @param {number} start */
function endOfString(text, start) {
  let at = start + 1;
  for (; text.charCodeAt(at) !== quote; at += 1) if (text.charCodeAt(at) === backslash) at += 1;
  return at + 1;
}

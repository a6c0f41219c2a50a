/** Topics and patterns: `*` stands for one segment, a last `**` for one or more. */

/** @param {string} text */
export const isPattern = (text) => text.split('/').includes('*') || text.endsWith('/**') || text === '**';

/**
 * Whether `pattern` covers `topic`.
 * @param {string} pattern
 * @param {string} topic
 */
export function matches(pattern, topic) {
  if (pattern === topic || pattern === '**') return true;
  const wanted = pattern.split('/');
  const given = topic.split('/');
  const isOpen = wanted.at(-1) === '**';
  if (isOpen) wanted.pop();
  if (isOpen ? given.length <= wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, place) => segment === '*' || segment === given[place]);
}

/** Topics and patterns together. A name is looked up, so ten thousand of them cost no more than one. */
export class TopicSet {
  #names = new Set();
  /** @type {string[]} */
  #patterns = [];

  /** @param {Iterable<string>} topics */
  constructor(topics) {
    for (const topic of topics) isPattern(topic) ? this.#patterns.push(topic) : this.#names.add(topic);
  }

  /** @param {string} topic */
  covers(topic) {
    return this.#names.has(topic) || this.#patterns.some((pattern) => matches(pattern, topic));
  }
}

/**
 * Why `text` is neither a topic nor a pattern; null if it is one.
 * @param {string} text
 * @returns {string | null}
 */
export function topicFault(text) {
  if (text === '') return 'A topic has at least one character.';
  if (new TextEncoder().encode(text).length > 256) return 'A topic has at most 256 bytes.';
  if (/[\u0000-\u0020\u007f,]/.test(text)) return 'A topic has no white space, control character or comma.';
  const segments = text.split('/');
  for (const [place, segment] of segments.entries()) {
    if (segment === '') return 'A topic has no empty segment.';
    if (segment === '.' || segment === '..') return 'A segment is not . or ..';
    if (segment === '*' || (segment === '**' && place === segments.length - 1)) continue;
    if (segment.includes('*')) return 'A * stands for a whole segment, and ** stands last.';
  }
  return null;
}

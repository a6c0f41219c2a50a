// The watched patterns: shown as chips, and kept in the browser and in the URL, so that they can be shared.
import { topicFault } from '../tidegate.js';

const storageKey = 'tidegate.watch';
const defaultPatterns = ['sim/*'];

export class WatchList {
  #onChange;
  #chips = /** @type {HTMLElement} */ (document.getElementById('chips'));
  #input = /** @type {HTMLInputElement} */ (document.getElementById('pattern'));
  #fault = /** @type {HTMLElement} */ (document.getElementById('pattern-fault'));
  /** @type {string[]} */
  patterns;

  /** @param {(patterns: string[]) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    this.patterns = initialPatterns();
    /** @type {HTMLElement} */ (document.getElementById('watch')).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#add(this.#input.value);
    });
    this.#input.addEventListener('input', () => this.#showFault(''));
    this.#show();
    this.#showFault(faultOf(givenPatterns()));
  }

  /** @param {string} text one pattern, or several with commas between */
  #add(text) {
    const added = text.split(',').map((part) => part.trim()).filter(Boolean);
    const fault = faultOf(added);
    this.#showFault(fault);
    if (fault) return;
    this.#input.value = '';
    this.#set([...new Set([...this.patterns, ...added])]);
  }

  /** @param {string[]} patterns */
  #set(patterns) {
    this.patterns = patterns;
    store(patterns);
    writeToURL('watch', patterns.join(','));
    this.#show();
    this.#onChange(patterns);
  }

  /** @param {string} fault */
  #showFault(fault) {
    this.#fault.textContent = fault;
    this.#input.setAttribute('aria-invalid', String(fault !== ''));
  }

  #show() {
    this.#chips.replaceChildren(
      ...this.patterns.map((pattern) => {
        const chip = document.createElement('li');
        const remove = document.createElement('button');
        remove.type = 'button';
        remove.textContent = '×';
        remove.setAttribute('aria-label', `Stop watching ${pattern}`);
        remove.addEventListener('click', () => {
          this.#set(this.patterns.filter((other) => other !== pattern));
          this.#input.focus();
        });
        chip.append(pattern, remove);
        return chip;
      }),
    );
  }
}

/** @param {string} name @param {string | null} value null takes it out */
export function writeToURL(name, value) {
  const url = new URL(location.href);
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  // People read the patterns, so only necessary escapes stay.
  url.search = url.search.replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%2A', '*');
  history.replaceState(null, '', url);
}

/** The fault of the first bad pattern; empty if all are good. @param {string[]} patterns */
function faultOf(patterns) {
  const bad = patterns.find(topicFault);
  return bad ? `${bad}: ${topicFault(bad)}` : '';
}

/** The patterns of the address or the browser, valid or not. */
function givenPatterns() {
  const given = new URLSearchParams(location.search).get('watch') ?? stored() ?? defaultPatterns.join(',');
  return [...new Set(given.split(',').filter(Boolean))];
}

const initialPatterns = () => givenPatterns().filter((pattern) => !topicFault(pattern));

/** A browser may forbid storage; then only the URL keeps the patterns. */
function stored() {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

/** @param {string[]} patterns */
function store(patterns) {
  try {
    localStorage.setItem(storageKey, patterns.join(','));
  } catch {
    // As above.
  }
}

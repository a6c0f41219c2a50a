/**
 * What the client needs from its environment. Tests pass their own clock, sockets and storage.
 *
 * @typedef {object} Environment
 * @property {typeof fetch} fetch
 * @property {typeof WebSocket | undefined} WebSocket
 * @property {(action: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(action: () => void) => any} onFrame runs at the next animation frame
 * @property {() => number} now milliseconds, monotonic
 * @property {() => number} date Unix milliseconds
 * @property {() => number} random from 0 to below 1
 * @property {Pick<Storage, 'getItem' | 'setItem'> | null} storage
 * @property {EventTarget | null} window hears `online` and `offline`
 * @property {Document | null} document knows whether the page is visible
 * @property {() => boolean} isOnline
 */

/** 60 a second, without animation frames. */
const frameMilliseconds = 1000 / 60;

/** 24.8 days. A longer timer fires at once. */
const longestMilliseconds = 2 ** 31 - 1;

/** @returns {Environment} */
export function realEnvironment() {
  const world = globalThis;
  return {
    fetch: (...request) => world.fetch(...request),
    WebSocket: world.WebSocket,
    setTimeout: (action, milliseconds) => world.setTimeout(action, Math.min(milliseconds, longestMilliseconds)),
    clearTimeout: (timer) => world.clearTimeout(timer),
    onFrame: world.requestAnimationFrame
      ? (action) => world.requestAnimationFrame(action)
      : (action) => world.setTimeout(action, frameMilliseconds),
    now: () => performance.now(),
    date: () => Date.now(),
    random: Math.random,
    storage: storageOrNull(),
    window: world.window ?? null,
    document: world.document ?? null,
    isOnline: () => world.navigator?.onLine !== false,
  };
}

/** A browser that forbids storage throws. */
function storageOrNull() {
  if (typeof window === 'undefined') return null;
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * Calls what belongs to the page. If that throws, the page's console reports it, and all others are still called.
 * @param {() => void} action
 */
export function callOut(action) {
  try {
    action();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

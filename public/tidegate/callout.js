/**
 * Calls the page's callbacks. If one throws, the page's console reports it, and all others are still called.
 * @template Details
 * @param {(details: Details) => void} callback
 * @param {Details} details
 */
export function callOut(callback, details) {
  try {
    callback(details);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Calls what the page handed in. One that throws is its owner's affair: the page's console hears of it, and all others
 * are called all the same.
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

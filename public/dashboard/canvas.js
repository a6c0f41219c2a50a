// Canvases that are sharp on every screen, and the page's colours for them.

/** Fits a canvas to its box and the screen; true if its size changed, which empties it. @param {HTMLCanvasElement} canvas */
export function fit(canvas) {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** @type {Record<string, string>} */
let colors = {};

/** Reads the theme's colours anew. */
export function readColors() {
  const style = getComputedStyle(document.documentElement);
  colors = Object.fromEntries(
    ['text', 'dim', 'line', 'panel', 'accent', 'up', 'down', 'metric', 'saved'].map((name) => [
      name,
      style.getPropertyValue(`--${name}`).trim(),
    ]),
  );
}

/** @param {string} name */
export const color = (name) => colors[name] ?? '#888';

/**
 * The last values as one line, the newest at the right.
 * @param {HTMLCanvasElement} canvas
 * @param {import('./history.js').History} history
 * @param {number} count
 * @param {string} stroke
 */
export function drawSparkline(canvas, history, count, stroke) {
  fit(canvas);
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const { width, height } = canvas;
  paint.clearRect(0, 0, width, height);
  const from = Math.max(history.length - count, 0);
  const shown = history.length - from;
  if (shown < 2) return;
  let low = Infinity;
  let high = -Infinity;
  for (let index = from; index < history.length; index += 1) {
    low = Math.min(low, history.value(index));
    high = Math.max(high, history.value(index));
  }
  const ratio = devicePixelRatio || 1;
  const edge = 2 * ratio;
  const scale = high > low ? (height - 2 * edge) / (high - low) : 0;
  paint.beginPath();
  for (let index = from; index < history.length; index += 1) {
    const x = ((index - from) / (shown - 1)) * (width - edge);
    const y = scale > 0 ? height - edge - (history.value(index) - low) * scale : height / 2;
    if (index === from) paint.moveTo(x, y);
    else paint.lineTo(x, y);
  }
  paint.strokeStyle = stroke;
  paint.lineWidth = 1.25 * ratio;
  paint.lineJoin = 'round';
  paint.stroke();
}

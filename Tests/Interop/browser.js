// /browser.html?on or ?off: the WebSocket scenario, then an event stream. The verdict is published to interop-verdict.
const stream = () => new Promise((resolve, reject) => {
  const source = new EventSource('/sse?topics=interop/chromium/**');
  const topics = new Set();
  source.onmessage = (event) => topics.add(JSON.parse(event.data).topic);
  source.addEventListener('live', () => {
    source.close();
    if (topics.size === 21) resolve(); else reject(new Error(`${topics.size} topics by event stream`));
  });
  source.onerror = () => reject(new Error('the event stream failed'));
});

scenario(WebSocket, `ws://${location.host}/ws`, 'interop/chromium', location.search === '?on')
  .then(stream)
  .then(() => 'ok', (error) => error.message)
  .then((verdict) => fetch('/topics/interop-verdict', { method: 'PUT', body: JSON.stringify(verdict) }));

/** A proxy as offices have it, which refuses upgrades and holds back streams until they end; or a line that falls silent. */
import http from 'node:http';

/**
 * @param {number} port of the gateway
 * @param {{refusesUpgrades?: boolean, holdsStreams?: boolean, isSilent?: boolean, refusal?: number}} manners can be changed under way; all answers have
 * the status `refusal`, if there is one
 */
export async function startProxy(port, manners) {
  const agent = new http.Agent({ keepAlive: true });
  const sockets = new Set();
  const counts = { requests: 0, upgrades: 0 };
  const server = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    counts.requests += 1;
    if (manners.refusal) {
      request.resume();
      response.writeHead(manners.refusal).end('<html>');
      return;
    }
    const onward = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      answer.on('data', () => manners.isSilent && answer.unpipe(response));
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream');
      if (isStream && manners.holdsStreams) {
        answer.resume();
        return;
      }
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket, head) => {
    counts.upgrades += 1;
    if (manners.refusesUpgrades) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const onward = http.request({ host: '127.0.0.1', port, path: request.url, headers: request.headers });
    onward.on('upgrade', (answer, upstream, first) => {
      const lines = answer.rawHeaders.flatMap((name, place, all) => (place % 2 === 0 ? [`${name}: ${all[place + 1]}`] : []));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.write(first);
      upstream.write(head);
      upstream.on('data', () => manners.isSilent && upstream.unpipe(socket));
      upstream.pipe(socket).pipe(upstream);
      for (const end of [upstream, socket]) end.on('error', () => {}).on('close', () => (upstream.destroy(), socket.destroy()));
    });
    onward.on('error', () => socket.destroy());
    onward.end();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts,
    stop: async () => {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await closed;
    },
  };
}

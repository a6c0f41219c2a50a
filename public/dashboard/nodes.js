// The nodes of the cluster: how many, from `gateway/cluster`, where there is one; and which, where this page may ask for them (`GET /nodes`).
import { compact } from './format.js';

const askMilliseconds = 2000;

/** @typedef {{name: string, address: string, version: string, epoch: string, lag: number, connections: number, age: number, away?: true}} Node */

export class Nodes {
  #box = /** @type {HTMLElement} */ (document.getElementById('cluster'));
  #count = /** @type {HTMLElement} */ (document.getElementById('cluster-count'));
  #list = /** @type {HTMLElement} */ (document.getElementById('cluster-nodes'));
  #isAsking = false;

  /** @param {import('../tidegate/transport.js').Update[]} updates */
  take(updates) {
    for (const { topic, data, deleted } of updates) {
      if (topic.slice(topic.indexOf('/') + 1) !== 'cluster') continue;
      if (deleted) this.clear();
      else this.#show(data);
    }
  }

  /** Earlier values are void. */
  clear() {
    this.#box.hidden = true;
  }

  /** @param {any} data */
  #show(data) {
    if (!Number.isFinite(data?.nodes)) return;
    const away = data.away > 0 ? `, ${data.away} away` : '';
    this.#count.textContent = `${data.nodes} ${data.nodes === 1 ? 'node' : 'nodes'}${away}`;
    this.#count.classList.toggle('away', data.away > 0);
    this.#box.hidden = false;
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#ask();
  }

  /** Until the gateway refuses: a page without the right does not ask twice. */
  async #ask() {
    if (!document.hidden && !this.#box.hidden) {
      try {
        const response = await fetch('nodes', { cache: 'no-store' });
        if ([401, 403, 404].includes(response.status)) return this.#list.replaceChildren();
        if (response.ok) this.#list.replaceChildren(...(await response.json()).nodes.map(makeRow));
      } catch {
        // The gateway is away: what was shown stays.
      }
    }
    setTimeout(() => this.#ask(), askMilliseconds);
  }
}

/** @param {Node} node */
function makeRow(node) {
  const row = document.createElement('li');
  row.classList.toggle('away', node.away === true);
  row.title = `${node.address} · ${node.version} · ${node.epoch || 'loading'}`;
  const state = node.away ? `away for ${Math.round(node.age)} s` : `${compact(node.connections)} connections${node.lag > 0 ? `, ${compact(node.lag)} behind` : ''}`;
  for (const [kind, text] of [['name', node.name], ['state', state]]) {
    const part = document.createElement('span');
    part.className = kind;
    part.textContent = text;
    row.append(part);
  }
  return row;
}

// ticketed.mjs URL KEY TRANSPORT: the library with tickets, behind a balancer: it sees three values come, each published when the one before is there.
import { Tidegate } from '../../public/tidegate.js';

const [url, key, transport] = process.argv.slice(2);
const authorized = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
let ticketCount = 0;

async function ticket() {
  ticketCount += 1;
  const body = JSON.stringify({ subject: 'ann', subscribe: ['orders/{subject}/**'] });
  const response = await fetch(`${url}/tickets`, { method: 'POST', headers: authorized, body });
  return (await response.json()).ticket;
}

const gate = new Tidegate(url, { transport, ticket });
const last = 10;
gate.subscribe(['orders/ann/*'], (update) => {
  console.log(JSON.stringify(update));
  if (update.data === last) {
    console.log(`${ticketCount} tickets`);
    process.exit(0);
  }
  fetch(`${url}/topics/orders/ann/1`, { method: 'PUT', headers: authorized, body: String(update.data + 1) });
});
setTimeout(() => process.exit(1), 30_000);

// The latest value of every topic, by event stream.
const rows = new Map();
const body = document.getElementById('rows');
const state = document.getElementById('state');
const stream = new EventSource('sse?topics=**&maxRate=4');

stream.onopen = () => { state.textContent = 'live'; };
stream.onerror = () => { state.textContent = 'reconnecting …'; };
stream.addEventListener('reset', () => { rows.clear(); body.replaceChildren(); });
stream.onmessage = ({ data }) => {
  const update = JSON.parse(data);
  let row = rows.get(update.topic);
  if (update.deleted) { row?.remove(); rows.delete(update.topic); return; }
  if (!row) {
    row = body.insertRow();
    for (let cell = 0; cell < 3; cell += 1) row.insertCell();
    row.cells[0].textContent = update.topic;
    rows.set(update.topic, row);
  }
  row.cells[1].textContent = update.version;
  row.cells[2].textContent = JSON.stringify(update.data);
};

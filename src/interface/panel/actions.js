// What an operator does to entries. Each returns a sentence that says what came of it, or nothing
// where a question was answered with no.

import { code, el, table } from '../page/elements.js';
import { ask, query } from './client.js';
import { drained, tried } from './parts.js';
import { cause, count, moment, plural } from './words.js';

const dialog = document.getElementById('question');

// Asks, and says whether the answer was yes. Escape and a press of Enter are no.
function confirmed(question, details, yes) {
  const decline = el('button', { type: 'button', class: 'minor', value: 'no' }, 'No, volver');
  const accept = el('button', { type: 'button', value: 'yes' }, yes);
  return shown(question, details, decline, accept);
}

function shown(title, details, ...buttons) {
  // One question at a time: no answer is to be taken for that to another.
  if (dialog.open) return Promise.resolve(false);
  dialog.replaceChildren(el('h2', { id: 'asked' }, title), ...details,
    el('p', { class: 'actions' }, buttons));
  dialog.returnValue = '';
  for (const it of buttons) it.addEventListener('click', () => dialog.close(it.value));
  dialog.showModal();
  buttons[0].focus();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true });
  });
}

const failed = (number) => plural(number, 'entrega fallida', 'entregas fallidas');

// All of one cause, in as many requests as it takes: each works for some seconds.
async function putBack(fields, say) {
  let requeued = 0;
  let more = true;
  while (more) {
    const reply = await ask('POST', `outbox/requeue?${query(fields)}`);
    requeued += reply.requeued;
    more = reply.requeued > 0 && reply.dead > 0;
    if (more) say(`Puestas en espera: ${count(requeued)}. Faltan ${count(reply.dead)}…`);
  }
  return requeued;
}

async function requeueAll({ cause: name, source }, say) {
  const fields = { cause: name, source };
  const { matched } = await ask('POST', `outbox/requeue?${query({ ...fields, dryRun: true })}`);
  if (!matched) return 'Ya no queda ninguna entrega fallida de esas.';
  const which = name ? `: ${cause(name)}` : '';
  const details = [el('p', {}, 'Si la causa sigue ahí, fallarán otra vez.')];
  const yes = `Sí, reintentar ${count(matched)}`;
  if (!await confirmed(`¿Reintentar ${failed(matched)}${which}?`, details, yes)) return '';
  say('Poniéndolas en espera…');
  const requeued = await putBack(fields, say);
  say(`${plural(requeued, 'puesta', 'puestas')} en espera. Entregando…`);
  return drained(await ask('POST', 'outbox/drain'));
}

async function remove({ id, deployment }) {
  const details = [el('p', {}, 'Se pierde el callback que lleva, y no se puede deshacer. Hágalo '
    + 'solo si la ejecución ya está cerrada en SAM o no existe.')];
  if (!await confirmed(`¿Borrar la entrada de ${deployment}?`, details, 'Sí, borrar')) return '';
  await ask('DELETE', `outbox/${id}`);
  return `Borrada la entrada de ${deployment}.`;
}

async function showEntry({ id }) {
  const { entry } = await ask('GET', `outbox/${id}`);
  const change = Object.entries(entry.change ?? {});
  const attempts = entry.attempts ?? [];
  await shown(`Entrada de ${entry.key ?? id}`, [
    el('dl', {}, change.map(([name, value]) => el('div', {}, el('dt', {}, name),
      el('dd', {}, typeof value === 'string' ? value : JSON.stringify(value))))),
    attempts.length > 0 && table(['Intento', 'Qué falló'],
      attempts.map((it) => [moment(it.at), code(it.failure)])),
    el('p', { class: 'quiet' }, `request_id en el registro: ${entry.requestId}`),
  ].filter(Boolean), el('button', { type: 'button' }, 'Cerrar'));
  return '';
}

export const ACTIONS = {
  requeueAll,
  remove,
  show: showEntry,
  retry: async ({ id }) => tried(await ask('POST', `outbox/${id}/retry`)),
  requeue: async ({ id, deployment }) => {
    await ask('POST', `outbox/${id}/requeue`);
    return `${deployment} está en espera otra vez: se reintenta solo.`;
  },
  drain: async () => drained(await ask('POST', 'outbox/drain?all=true')),
};

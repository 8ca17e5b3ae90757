// What several parts of the page show: buttons, times, entries and refusals.

import { code, el, table } from '../page/elements.js';
import { cause, clock, moment, outcome, plural, refusal, source, span } from './words.js';

// A button that `actions.js` or `panel.js` acts on: the name of the action, and what it is about.
export function button(action, label, about = {}, kind = 'minor') {
  const data = Object.entries(about).map(([name, value]) => [`data-${name}`, value]);
  return el('button', { type: 'button', class: kind, 'data-do': action, ...Object.fromEntries(data) },
    label);
}

// Leads to all that is known of it.
export const deployment = (id) => (id ? button('trace', id, { deployment: id }, 'link') : '—');

export const ago = (time, now) => `hace ${span((now - Date.parse(time)) / 1000)}`;

const STATES = { dead: 'Entrega fallida', waiting: 'Pendiente de entrega' };

// An entry of the outbox with what can be done about it.
export function entry(it, now) {
  const about = { id: it.id, deployment: it.key ?? it.id };
  const isDead = it.state === 'dead';
  const facts = [STATES[it.state], `llegó ${moment(it.created)} (${ago(it.created, now)})`,
    it.tries !== null && plural(it.tries, 'intento', 'intentos'),
    it.due && `próximo intento a las ${clock(it.due, true)}`, it.cause && cause(it.cause)];
  return el('li', { class: `entry ${isDead ? 'dead' : ''}`, 'data-key': it.id },
    el('p', {}, it.key === null ? el('strong', {}, 'Entrada ilegible') : deployment(it.key), ' ',
      it.status && el('strong', {}, it.status), ' ',
      el('span', { class: 'quiet' }, it.source && source(it.source))),
    el('p', { class: isDead ? 'bad' : '' }, facts.filter(Boolean).join(' · ')),
    it.failure && el('p', {}, code(it.failure)),
    el('p', { class: 'actions' },
      it.key !== null && button('retry', 'Reintentar ahora', about),
      isDead && it.key !== null && button('requeue', 'Poner en espera', about),
      button('show', 'Ver contenido', about),
      button('remove', 'Borrar', about, 'minor bad')));
}

export const entries = (all, now) => el('ul', { class: 'entries' }, all.map((it) => entry(it, now)));

// What was refused. Where no credential was valid, a stranger wrote most of it, and it is marked.
export function refusals(all) {
  const head = ['Hora', 'Quién', 'Por qué', 'Deployment'];
  return table(head, all.map((it) => [
    [moment(it.time), it.count > 1 && ` · ${plural(it.count, 'vez', 'veces')}`],
    [it.client ?? '—', el('span', { class: 'quiet' }, it.source && ` · ${source(it.source)}`)],
    [`${it.status} · ${refusal(it.code)}`, it.rejected && [' ', code(it.rejected)]],
    [deployment(it.deploymentId), !it.verified && el('span', { class: 'quiet' }, ' sin verificar')],
  ]));
}

// What a drain did, in one sentence.
export function drained({ delivered, alreadyFinal, failed, dead, waiting }) {
  const parts = [plural(delivered, 'entregado', 'entregados'),
    alreadyFinal && `${plural(alreadyFinal, 'ya estaba cerrado', 'ya estaban cerrados')}`,
    failed && plural(failed, 'no se pudo entregar', 'no se pudieron entregar'),
    dead && plural(dead, 'entrega fallida', 'entregas fallidas'),
    waiting && plural(waiting, 'sigue pendiente', 'siguen pendientes')];
  return `${parts.filter(Boolean).join(' · ')}.`;
}

export const tried = ({ result }) => outcome(result);

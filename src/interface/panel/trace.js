// The whole story of one deployment: the row now, what waits or died, and what was refused.

import { el } from '../page/elements.js';
import { ask } from './client.js';
import { entries, refusals } from './parts.js';
import { clock } from './words.js';

// What was asked for, when, and what came of it.
let trace;

export const isTraced = () => trace !== undefined;

export function openTrace(id) {
  trace = { id, at: undefined, reply: undefined, problem: '' };
}

export function closeTrace() {
  trace = undefined;
}

// A reply to what somebody no longer asks for goes nowhere.
export async function loadTrace() {
  const asked = trace;
  if (!asked) return;
  try {
    asked.reply = await ask('GET', `trace/${encodeURIComponent(asked.id)}`);
    asked.problem = '';
  } catch (error) {
    asked.problem = `No se pudo consultar: ${error.message}`;
  }
  asked.at = Date.now();
}

// A column's value.
function said(value) {
  if (typeof value === 'boolean') return value ? 'sí' : 'no';
  return value === null ? '—' : String(value);
}

const ROWS = {
  absent: 'No está en la base de datos.',
  unreadable: 'No se pudo leer: la base de datos no respondió, o no tiene cómo consultarla.',
};

function row({ row: columns, rowState }) {
  if (!columns) return el('p', {}, ROWS[rowState] ?? rowState);
  return el('dl', {}, Object.entries(columns).map(([name, value]) => el('div', {},
    el('dt', {}, name), el('dd', {}, said(value)))));
}

const part = (title, content) => [el('h3', {}, title), content];

// One sentence: what it means, and what to do.
export function verdict() {
  if (trace.problem) return trace.problem;
  return trace.reply ? trace.reply.verdict : 'Buscando…';
}

export function story(now) {
  const { id, at, reply } = trace;
  const heading = el('p', { class: 'quiet' }, el('strong', {}, id),
    at && ` · consultado a las ${clock(at, true)}`);
  if (!reply) return [heading];
  return [heading, part('La fila en SAM', row(reply)),
    reply.outbox.length > 0 && part('En la bandeja', entries(reply.outbox, now)),
    reply.refusals.length > 0 && part('Rechazados', refusals(reply.refusals))];
}

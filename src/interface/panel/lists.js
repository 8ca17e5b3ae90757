// The list below a figure: entries of the outbox, refusals, or robots that are overdue.

import { el, field, select, table } from '../page/elements.js';
import { ask, query } from './client.js';
import { button, deployment, entries, refusals } from './parts.js';
import { cause, CAUSE_NAMES, plural, source, SOURCES } from './words.js';

const PAGE = 50;
const MOST_REFUSALS = 256;

// The list that is open: what it is of, how it is filtered, and what came of that.
let open;

export const isOpen = () => open !== undefined;

export function openList(kind, filter = {}) {
  open = { kind, filter, reply: undefined, problem: '' };
}

export function closeList() {
  open = undefined;
}

const PATHS = {
  waiting: (filter) => `outbox?${query({ state: 'waiting', limit: PAGE, ...filter })}`,
  dead: (filter) => `outbox?${query({ state: 'dead', limit: PAGE, ...filter })}`,
  refusals: () => `refusals?limit=${MOST_REFUSALS}`,
  overdue: (filter) => `overdue?${query(filter)}`,
};

// A reply to what is no longer open goes nowhere.
export async function loadList() {
  const list = open;
  if (!list) return;
  try {
    list.reply = await ask('GET', PATHS[list.kind](list.filter));
    list.problem = '';
  } catch (error) {
    list.problem = error.code === 'no_overdue_procedure'
      ? 'La base de datos no tiene el procedimiento que lo dice (sam_overdue_procedure).'
      : `No se pudo leer: ${error.message}`;
  }
}

const TITLES = {
  waiting: 'Pendientes de entrega', dead: 'Entregas fallidas', refusals: 'Rechazados',
  overdue: 'Ejecuciones sin callback',
};

const input = (name, value, attributes) => el('input', { name, value, ...attributes });

function choice(name, names, words, chosen) {
  const made = select(['todas', ...names.map(words)], ['', ...names]);
  made.name = name;
  made.options[0].value = '';
  made.value = chosen ?? '';
  return made;
}

// The fields that narrow the list down; made once a list, as somebody may be typing.
export function filterForm() {
  const { kind, filter } = open;
  if (kind === 'refusals') return [];
  const fields = kind === 'overdue'
    ? [field('Activas desde hace más de (minutos)', input('minutes', filter.minutes,
      { type: 'number', min: 1, max: 100000, placeholder: 'los del ajuste overdue_minutes' }))]
    : [field('Causa', choice('cause', CAUSE_NAMES, cause, filter.cause)),
      field('Origen', choice('source', Object.keys(SOURCES), source, filter.source)),
      field('Empieza por', input('q', filter.q, { autocomplete: 'off' }))];
  return [el('form', { id: 'filter' }, fields, el('button', { type: 'submit' }, 'Filtrar'))];
}

export function filterList(form) {
  open.filter = Object.fromEntries(new FormData(form));
  open.reply = undefined;
}

// The next page, or the first one again.
export function turnPage(before) {
  open.filter = { ...open.filter, before };
  open.reply = undefined;
}

function outboxList({ entries: all, next }, now) {
  const { kind, filter } = open;
  const { before, q, ...narrowed } = filter;
  return [
    // What begins alike cannot be put back together: the service has no such request.
    kind === 'dead' && all.length > 0 && !q
      && el('p', {}, button('requeueAll', 'Reintentar todos', narrowed, '')),
    all.length ? entries(all, now)
      : el('p', {}, next ? 'Ninguna en esta página.' : 'No hay ninguna.'),
    el('p', { class: 'actions' }, before && button('page', 'Volver a las primeras'),
      next && button('page', 'Siguientes', { before: next })),
  ];
}

function overdueList({ minutes, rows }) {
  const number = plural(rows.length, 'ejecución activa', 'ejecuciones activas');
  return [el('p', {}, `${number} desde hace más de ${minutes} minutos y sin callback. `,
    rows.length > 0 && 'Busque cada una: el panel dice si se rechazó o si A360 no llamó.'),
  rows.length > 0 && table(['Deployment', 'Estado', 'Inicio, según la base de datos'],
    rows.map((row) => [deployment(row.deploymentId), row.estado, row.fechaInicio]))];
}

function refusalList({ refusals: all }) {
  return all.length ? refusals(all) : el('p', {}, 'No hay ninguno.');
}

export const listTitle = () => TITLES[open.kind];

export function list(now) {
  const { kind, reply, problem } = open;
  if (problem) return [el('p', { class: 'bad' }, problem)];
  if (!reply) return [el('p', { class: 'quiet' }, 'Leyendo…')];
  switch (kind) {
    case 'refusals': return [refusalList(reply)];
    case 'overdue': return overdueList(reply);
    default: return outboxList(reply, now);
  }
}

// Whether something is wrong: one line a thing to look at, always in the same order.

import { el } from '../page/elements.js';
import { ago, button } from './parts.js';
import { cause, count, hour, moment, plural, refusalGroup, remedy, span } from './words.js';

// Refusals are trouble while they are this fresh, in minutes.
const FRESH = 15;

const MARKS = { good: '✓', bad: '!', plain: '·' };

function line(level, sentence, rest, ...actions) {
  return el('li', { class: `check ${level}` },
    el('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[level]),
    el('div', {}, el('p', {}, sentence), rest), el('p', { class: 'actions' }, actions));
}

const hint = (text) => el('p', { class: 'quiet' }, text);

function service({ version, settings, problems }) {
  const running = `Servicio en marcha · versión ${version}`;
  if (settings === 'ok') return line('good', running);
  const wrong = problems.map((it) => el('li', {}, `${it.setting}: ${it.problem}`));
  const number = plural(wrong.length, 'ajuste no es válido', 'ajustes no son válidos');
  return line('bad', `${running} · ${number}`, [el('ul', {}, wrong),
    hint('Se rechaza lo que depende de ellos. Corríjalos y reinicie el servicio.')]);
}

function dataApi({ dataApi: { state, since, checked, failure } }, now) {
  const when = since ? ` desde ${hour(since)} (${ago(since, now)})` : '';
  const why = failure && el('p', {}, el('code', {}, failure));
  // Only where a setting is wrong that says which data API it is.
  if (!checked) return line('plain', 'No se sabe si SAM responde: hay ajustes no válidos');
  switch (state) {
    case 'ok':
      return line('good', `SAM responde (comprobado ${ago(checked, now)})`);
    case 'refusing':
      return line('bad', `SAM rechaza lo que se le envía${when}`,
        [why, hint('La API de datos contesta, pero no acepta nada: revise la clave o el rol.')]);
    default:
      return line('bad', `SAM no responde${when}`,
        [why, hint('Avise a quien lleva la API de datos. Lo pendiente se entrega solo.')]);
  }
}

function waiting({ outbox }) {
  if (!outbox.waiting) return line('good', 'Pendientes de entrega: 0');
  const { oldestSeconds } = outbox;
  const oldest = oldestSeconds === null ? '' : ` · el más antiguo, ${span(oldestSeconds)}`;
  const causes = byCause(outbox, 'waiting').map((it) => `${count(it.count)} · ${cause(it.cause)}`);
  return line('plain',
    `Pendientes de entrega: ${count(outbox.waiting)}${oldest} · se reintentan solos`,
    hint(causes.join('; ')),
    button('waiting', 'Ver'), button('drain', 'Entregar ahora'));
}

// Where SAM has no open port: who collects, or from whom.
const COLLECTING = {
  unreachable: 'nadie responde en esa dirección', denied: 'spin.toml no permite esa dirección',
  tls: 'no hay conexión segura', unauthorized: 'no acepta el token', limited: 'rechazó demasiados intentos',
  not_a_mailbox: 'en esa dirección responde otro servicio', version: 'es de otra versión',
  misconfigured: 'tiene un ajuste no válido', unavailable: 'no puede leer su almacén',
  too_long: 'tiene un cambio más grande de lo que se admite aquí', unknown: 'un ajuste de aquí no es válido',
};

function mailbox({ mailbox: box, outbox, collectsFrom }, now) {
  if (box) {
    const last = box.lastCollected;
    const fresh = last && now - Date.parse(last) < 5 * 6e4;
    const when = last ? `por última vez ${ago(last, now)}` : 'todavía no vino nadie';
    return line(fresh ? 'good' : outbox.waiting ? 'bad' : 'plain', `Recogida del buzón: ${when}`,
      !fresh && hint('Revise la instancia que recoge: su panel dice por qué no viene.'));
  }
  if (!collectsFrom) return null;
  if (collectsFrom === 'ok') return line('good', 'El buzón responde');
  return line('bad', `No se puede recoger del buzón: ${COLLECTING[collectsFrom] ?? collectsFrom}`);
}

function keys({ keys: known }) {
  if (!known) return null;
  const { state, ageMinutes, failure } = known;
  const age = ageMinutes === null ? '' : ` · de hace ${span(ageMinutes * 60)}`;
  if (state === 'ok' || state === 'not_fetched') {
    return line('plain', state === 'ok' ? `Claves del emisor del JWT${age}`
      : 'Claves del emisor del JWT: todavía no hicieron falta');
  }
  return line('bad', state === 'missing' ? 'No hay claves del emisor del JWT'
    : `Las claves del emisor del JWT no se pueden renovar${age}`,
  failure && el('p', {}, el('code', {}, failure)));
}

const byCause = ({ causes }, state) =>
  causes.filter((it) => it.state === state).sort((a, b) => b.count - a.count);

function dead({ outbox }) {
  if (!outbox.dead) return line('good', 'Requieren atención: 0');
  const causes = byCause(outbox, 'dead').map((it) => el('li', { 'data-key': it.cause },
    el('div', {}, el('p', {}, el('strong', {}, count(it.count)), ` · ${cause(it.cause)}`),
      hint(remedy(it.cause))),
    el('p', { class: 'actions' },
      button('dead', 'Ver', { cause: it.cause }),
      button('requeueAll', 'Reintentar todos', { cause: it.cause }))));
  return line('bad', `Requieren atención: ${count(outbox.dead)}`,
    [hint('Entregas fallidas: nadie las reintenta hasta que usted lo pida.'),
      el('ul', { class: 'causes' }, causes)]);
}

const times = (all) => all.reduce((sum, it) => sum + (it.count ?? 1), 0);

// How many of them in which group, the most first.
function grouped(all) {
  const groups = new Map();
  for (const it of all) {
    const name = refusalGroup(it.code);
    groups.set(name, (groups.get(name) ?? 0) + times([it]));
  }
  return [...groups].sort((a, b) => b[1] - a[1])
    .map(([name, number]) => `${count(number)} por ${name}`).join(', ');
}

const within = (all, now, minutes) => all.filter((it) => now - Date.parse(it.time) < minutes * 6e4);

function lastDay(overview, now) {
  const today = within(overview.refusals, now, 24 * 60);
  const fresh = within(today, now, FRESH);
  const number = times(today);
  const reasons = number ? ` (${grouped(today)})` : '';
  const refused = plural(number, 'rechazado', 'rechazados') + reasons;
  const missing = overview.overdue?.count;
  const overdue = missing === undefined ? 'ejecuciones sin callback: no se sabe'
    : plural(missing, 'ejecución sin callback', 'ejecuciones sin callback');
  const level = fresh.length || missing ? 'bad' : number ? 'plain' : 'good';
  return line(level, `Últimas 24 h: ${refused} · ${overdue}`,
    fresh.length && el('p', { class: 'bad' },
      `En los últimos ${FRESH} minutos: ${plural(times(fresh), 'rechazado', 'rechazados')}`
        + ` (${grouped(fresh)})`),
    number && button('refusals', 'Ver rechazados'),
    missing && button('overdue', 'Ver ejecuciones'));
}

// What is wrong, in a few words each.
export function troubles(overview, now) {
  const {
    settings, dataApi: { state }, outbox, refusals, collectsFrom, keys: known,
  } = overview;
  const missing = overview.overdue?.count;
  const fresh = times(within(refusals, now, FRESH));
  return [
    settings !== 'ok' && 'hay ajustes no válidos',
    state === 'failing' && 'SAM no responde',
    state === 'refusing' && 'SAM rechaza los cambios',
    collectsFrom && collectsFrom !== 'ok' && 'no se puede recoger del buzón',
    known && ['old', 'missing'].includes(known.state) && 'las claves del JWT no se pueden renovar',
    outbox.dead > 0 && plural(outbox.dead, 'entrega fallida', 'entregas fallidas'),
    missing > 0 && plural(missing, 'ejecución sin callback', 'ejecuciones sin callback'),
    fresh > 0 && `${plural(fresh, 'rechazado', 'rechazados')} en ${FRESH} minutos`,
  ].filter(Boolean);
}

export function status(overview, now) {
  const wrong = troubles(overview, now);
  const { lastCallback, embedded } = overview;
  const fine = embedded ? 'Sin avisos, pero SAM no recibe nada' : 'Todo en orden';
  const summary = wrong.length ? `Requiere atención: ${wrong.join(' · ')}` : fine;
  return [
    embedded && el('p', { class: 'banner' }, el('strong', {}, 'SAM no recibe nada. '),
      'Con ', el('code', {}, 'data_api=embedded'), ' los callbacks quedan en el almacén de este '
      + 'servicio y en SAM no cambia ninguna fila.'),
    el('h2', { class: `summary ${wrong.length ? 'bad' : embedded ? '' : 'good'}` }, summary),
    el('ul', { class: 'checks' }, service(overview),
      !embedded && !overview.mailbox && dataApi(overview, now), mailbox(overview, now), keys(overview),
      line('plain', `Último callback: ${lastCallback ? moment(lastCallback) : 'ninguno todavía'}`,
        hint('Puede haber otro de los últimos diez minutos.')),
      waiting(overview), dead(overview), lastDay(overview, now)),
  ];
}

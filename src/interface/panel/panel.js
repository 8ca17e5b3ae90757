// The page at /panel: asks for the token, then shows what is wrong and refreshes it by itself.

import { el } from '../page/elements.js';
import { ACTIONS } from './actions.js';
import { chart } from './chart.js';
import { ask, canBeSent, setToken } from './client.js';
import { closeList, isOpen, loadList, openList, turnPage } from './lists.js';
import { filterForm, filterList, list, listTitle } from './lists.js';
import { button } from './parts.js';
import { status, troubles } from './status.js';
import { closeTrace, isTraced, loadTrace, openTrace, story, verdict } from './trace.js';
import { update } from './update.js';
import { hour, span } from './words.js';

// Seconds between two looks, where fewer would cost the service more than they show; and for how long
// what was done is said.
const EVERY = 5;
const EVERY_HIDDEN = 60;
const SHOWN = 15;
// A trace reads a row of the database, so it is asked for each third time.
const TRACE_EVERY = 3;

const byId = (id) => document.getElementById(id);

// The last overview, when it came, how far ahead of the service's clock this one is, and why there is
// none since.
let seen;
// Of the next look; and which look this is.
let timer;
let round = 0;
// Of the line at the foot.
let fading;

const now = () => Date.now() - seen.ahead;

function showContact() {
  if (!seen) return;
  const age = span((Date.now() - seen.at) / 1000);
  byId('updated').textContent = seen.problem ? '' : `Actualizado hace ${age}`;
  byId('panel').classList.toggle('old', Boolean(seen.problem));
  const away = seen.problem && `${seen.problem} Lo de abajo es de ${hour(seen.at, true)}. `
    + 'Se reintenta solo.';
  update(byId('away'), away);
}

function showTrace() {
  byId('trace').hidden = !isTraced();
  if (!isTraced()) return;
  update(byId('verdict'), verdict());
  update(byId('story'), story(now()), el('p', {}, button('closeTrace', 'Cerrar')));
}

function showList() {
  byId('list').hidden = !isOpen();
  if (isOpen()) update(byId('items'), list(now()));
}

function showAll() {
  const { overview } = seen;
  const wrong = troubles(overview, now()).length;
  document.title = `${wrong ? `(${wrong}) ` : ''}Panel · sam-callback`;
  update(byId('status'), status(overview, now()));
  const { outbox, depth, time } = overview;
  const samples = [...depth, { ...outbox, time: outbox.counted }];
  update(byId('chart'), chart(samples, Date.parse(time)));
  showTrace();
  showList();
  showContact();
}

// What a list is about: it is read anew when this has changed.
function figures({ outbox: { waiting, dead, causes }, refusals, overdue }) {
  return JSON.stringify([waiting, dead, causes, refusals, overdue]);
}

// What is open below: a list only when it may have changed, a trace each third time.
async function loadOpen(isAll, hasChanged) {
  const isDue = isAll || round % TRACE_EVERY === 0;
  await Promise.all([isDue && loadTrace(), (isAll || hasChanged) && loadList()]);
}

async function take(overview, isAll) {
  const hasChanged = !seen || figures(seen.overview) !== figures(overview);
  seen = { overview, at: Date.now(), ahead: Date.now() - Date.parse(overview.time), problem: '' };
  if (byId('panel').hidden) enter();
  showAll();
  await loadOpen(isAll, hasChanged);
}

// Looks now, and again after a while. `isAll`: also at what is open below.
async function refresh(isAll) {
  clearTimeout(timer);
  round += 1;
  const own = round;
  const reply = await ask('GET', 'overview').catch((error) => error);
  // Somebody has left, or asked for a newer look.
  if (own !== round) return;
  if (!(reply instanceof Error)) {
    await take(reply, isAll);
    if (own !== round) return;
  } else if (reply.status === 401 || !seen) {
    leave(reply.status === 401 ? 'Ese token no es válido.' : `No se pudo entrar: ${reply.message}`);
    return;
  } else {
    seen.problem = reply.status ? `El servicio responde con un error: ${reply.message}`
      : `No se puede contactar con el servicio: ${reply.message}`;
  }
  showAll();
  timer = setTimeout(refresh, (document.hidden ? EVERY_HIDDEN : EVERY) * 1000);
}

function enter() {
  byId('refused').textContent = '';
  byId('enter').hidden = true;
  byId('leave').hidden = false;
  byId('panel').hidden = false;
  byId('wanted').focus();
}

// Shows the form again, and nothing of what was seen.
function leave(why = '') {
  clearTimeout(timer);
  round += 1;
  setToken('');
  seen = undefined;
  closeList();
  closeTrace();
  byId('question').close();
  for (const id of ['status', 'chart', 'story', 'verdict', 'list', 'done', 'updated', 'away']) {
    byId(id).replaceChildren();
  }
  byId('wanted').value = '';
  byId('panel').hidden = true;
  byId('leave').hidden = true;
  byId('enter').hidden = false;
  byId('refused').textContent = why;
  byId('token').focus();
  document.title = 'Panel · sam-callback';
}

// A line at the foot that goes by itself.
function say(text) {
  byId('done').textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => byId('done').replaceChildren(), SHOWN * 1000);
}

async function goToList(kind, filter) {
  openList(kind, filter);
  byId('list').replaceChildren(
    el('div', { class: 'line' }, el('h2', { tabindex: '-1' }, listTitle()),
      button('closeList', 'Cerrar')),
    ...filterForm(), el('div', { id: 'items' }));
  showList();
  byId('list').querySelector('h2').focus();
  await loadList();
  showList();
}

async function goToTrace(id) {
  byId('wanted').value = id;
  openTrace(id);
  showTrace();
  byId('search').scrollIntoView({ block: 'start' });
  await loadTrace();
  showTrace();
}

// Buttons whose action has not ended. They are not disabled, so that focus stays there.
const busy = new WeakSet();

async function act(name, about, from) {
  if (busy.has(from)) return;
  busy.add(from);
  const place = from.closest('section');
  try {
    const said = await ACTIONS[name](about, say);
    if (!said) return;
    say(said);
  } catch (error) {
    say(`No se pudo: ${error.message}`);
  } finally {
    busy.delete(from);
  }
  if (!seen) return;
  await refresh(true);
  // Its entry is gone, and the place of whoever uses the keyboard with it.
  if (!from.isConnected) place.focus({ preventScroll: true });
}

const PLACES = {
  waiting: () => goToList('waiting'),
  dead: ({ cause }) => goToList('dead', { cause }),
  refusals: () => goToList('refusals'),
  overdue: () => goToList('overdue'),
  trace: ({ deployment }) => goToTrace(deployment),
  closeList: () => {
    closeList();
    showList();
    byId('wanted').focus();
  },
  closeTrace: () => {
    closeTrace();
    showTrace();
    byId('wanted').focus();
  },
  page: async ({ before }) => {
    turnPage(before);
    showList();
    byId('list').scrollIntoView({ block: 'start' });
    await loadList();
    showList();
  },
};

document.addEventListener('click', ({ target }) => {
  const from = target.closest('[data-do]');
  if (!from) return;
  const { do: name, ...about } = from.dataset;
  if (PLACES[name]) PLACES[name](about);
  else act(name, about, from);
});

document.addEventListener('submit', (event) => {
  event.preventDefault();
  const { target: form } = event;
  if (form.id === 'search') goToTrace(byId('wanted').value.trim());
  if (form.id === 'filter') {
    filterList(form);
    showList();
    loadList().then(showList);
  }
  if (form.id === 'enter') {
    setToken(byId('token').value);
    byId('token').value = '';
    if (canBeSent()) refresh(true);
    else leave('Ese token no es válido.');
  }
});

byId('leave').addEventListener('click', () => leave());
document.addEventListener('visibilitychange', () => !document.hidden && seen && refresh());
setInterval(showContact, 1000);

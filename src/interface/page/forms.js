// The form below each operation, which sends a request and shows the reply.

import { credentialSets, secretField, setName, SIGNED } from './credentials.js';
import { code, el, field, select, table } from './elements.js';
import { curl, failure, requestFrom, send } from './requests.js';
import { contents, deref, examples } from './schemas.js';

// Where a parameter goes. Others cannot be sent from here.
export const LOCATIONS = { path: 'ruta', query: 'consulta', header: 'cabecera' };

// What a reply says for people.
function messageIn(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return undefined;
  }
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || '(vacío)';
  }
}

async function sendAndShow(request, responses, outcome, answer) {
  outcome.className = '';
  outcome.textContent = 'Enviando…';
  answer.replaceChildren();
  try {
    const { reply, text, ms } = await send(request);
    const meaning = messageIn(text) ?? deref(responses[reply.status]).description ?? '';
    outcome.className = reply.ok ? 'good' : 'bad';
    outcome.textContent = `${reply.status} en ${ms} ms. ${meaning}`;
    answer.replaceChildren(el('pre', {}, readable(text)),
      table(['Cabecera', 'Valor'], [...reply.headers].map(([name, value]) => [code(name), value])));
  } catch (error) {
    outcome.className = 'bad';
    outcome.textContent = failure(error);
  }
}

async function copy(box, note) {
  try {
    await navigator.clipboard.writeText(box.textContent);
    note.textContent = 'Copiado.';
  } catch {
    // Without https:// pages have no clipboard.
    getSelection().selectAllChildren(box);
    note.textContent = 'Está seleccionado: cópielo con Ctrl+C.';
  }
}

function parameterInput(it) {
  const schema = deref(it.schema);
  const values = schema.enum ?? (schema.type === 'boolean' && [true, false]);
  const labels = values && ['', ...values.map(String)];
  const control = labels ? select(labels, labels)
    : el('input', { autocomplete: 'off', spellcheck: 'false' });
  control.name = it.name;
  control.required = it.required === true;
  if (it.required) control.value = it.example ?? schema.examples?.[0] ?? '';
  return [it, control];
}

function bodyFields(media) {
  const choices = examples(media);
  const area = el('textarea', { spellcheck: 'false', autocapitalize: 'off' });
  const pick = select(choices.map(([label]) => label));
  const fill = () => {
    area.value = choices[pick.value]?.[1] ?? '';
    area.rows = Math.min(20, 1 + area.value.split('\n').length);
  };
  pick.addEventListener('change', fill);
  fill();
  return { area, fields: [choices.length > 1 && field('Ejemplo', pick), field('Cuerpo', area)] };
}

export function requestForm({ method, path, operation }, parameters) {
  const sets = credentialSets(operation);
  const set = select(sets.map(setName));
  const secrets = el('div', {});
  const inputs = parameters.filter((it) => LOCATIONS[it.in] && !SIGNED.includes(it.name))
    .map(parameterInput);
  const [type, media] = contents(deref(operation.requestBody))[0] ?? [];
  const { area, fields } = media ? bodyFields(media) : {};
  const line = el('pre', {});
  const note = el('span', { role: 'status' });
  const outcome = el('p', { role: 'status' });
  const answer = el('div', {});
  const copier = el('button', { type: 'button' }, 'Copiar');
  copier.addEventListener('click', () => copy(line, note));
  const request = () => requestFrom({ method, path, inputs, set: sets[set.value], area, type });
  const refresh = () => {
    line.textContent = curl(request());
    note.textContent = '';
  };
  const fill = () => {
    const here = sets[set.value].filter((it) => it.header);
    const first = here.find((it) => it.signed);
    secrets.replaceChildren(...here.filter((it) => !it.signed || it === first).map(secretField));
  };
  const form = el('form', {},
    sets.length > 1 && field('Credencial', set), secrets,
    inputs.map(([it, control]) => field(it.name + (it.required ? ' (obligatorio)' : ''), control)),
    fields, method !== 'get' && el('p', {}, 'Se envía de verdad: puede cambiar datos.'),
    el('button', { type: 'submit' }, 'Enviar'), outcome, answer,
    el('h4', {}, 'Lo mismo con curl, en bash'),
    el('p', {}, 'Cada secreto va en una variable: escriba ', code('read -rs NOMBRE'),
      ', péguelo y presione Enter.'),
    line, copier, ' ', note);
  set.addEventListener('change', fill);
  form.addEventListener('input', refresh);
  // A choice above has filled its fields before the form hears of it.
  form.addEventListener('change', refresh);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sendAndShow(request(), operation.responses, outcome, answer);
  });
  fill();
  refresh();
  const named = { 'aria-label': `Probar ${method.toUpperCase()} ${path}` };
  return el('details', { class: 'try' }, el('summary', named, 'Probar'), form);
}

// The page at /docs: loads openapi.json, and shows it operation by operation.

import { credentialSets, credentialsView, secretField, secretFor } from './credentials.js';
import { code, el, prose, table } from './elements.js';
import { LOCATIONS, requestForm } from './forms.js';
import { base, SOURCE } from './requests.js';
import { api, deref, setApi } from './schemas.js';
import { COLUMNS, columns, contents, examples, schemaView, typeOf } from './schemas.js';

// The scheme of those who may see hidden operations.
const OPERATORS = 'adminToken';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const byId = (id) => document.getElementById(id);

function response([status, given]) {
  const it = deref(given);
  const headers = Object.entries(it.headers ?? {}).map(([name, header]) => [name, deref(header)]);
  return el('details', {},
    el('summary', {}, el('strong', { class: status < '4' ? 'good' : 'bad' }, status), ' ',
      it.description),
    headers.length > 0 && table(['Cabecera', 'Tipo', 'Descripción'], headers.map(
      ([name, header]) => [code(name), typeOf(header.schema), prose(header.description)])),
    contents(it).map(([type, media]) => [el('p', {}, 'Cuerpo: ', code(type)),
      schemaView(media.schema),
      examples(media).map(([label, text]) => [el('p', {}, label), el('pre', {}, text)])]));
}

const parameterRow = (it) => [code(it.name), LOCATIONS[it.in] ?? it.in,
  ...columns(deref(it.schema), it.required, it.description)];

function article(it) {
  const { method, path, operation, id } = it;
  const parameters = [...it.shared, ...operation.parameters ?? []].map(deref);
  const body = deref(operation.requestBody);
  return el('article', { id },
    el('h3', {}, el('span', { class: 'method' }, method.toUpperCase()), ' ', code(path)),
    el('p', {}, el('strong', {}, operation.summary)),
    prose(operation.description),
    el('h4', {}, 'Credenciales'), credentialsView(credentialSets(operation)),
    parameters.length > 0 && [el('h4', {}, 'Parámetros'), table(
      ['Nombre', 'Dónde', ...COLUMNS], parameters.map(parameterRow))],
    contents(body).map(([type, media]) => [el('h4', {}, 'Cuerpo'),
      el('p', {}, code(type), body.required && ', obligatorio'), prose(body.description),
      el('details', {}, el('summary', {}, 'Campos'), schemaView(media.schema))]),
    el('h4', {}, 'Respuestas'), Object.entries(operation.responses ?? {}).map(response),
    requestForm(it, parameters));
}

function operations() {
  return Object.entries(api.paths ?? {}).flatMap(([path, given]) => {
    const item = deref(given);
    return METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const id = operation.operationId ?? (method + path).replace(/\W+/g, '-');
      const tag = operation.tags?.[0] ?? 'Otras';
      return { method, path, operation, id, tag, shared: item.parameters ?? [] };
    });
  });
}

function show() {
  const { title, version, description } = api.info;
  const all = operations();
  document.title = title;
  byId('about').replaceChildren(el('h1', {}, title, ' ', el('small', {}, `versión ${version}`)),
    ...prose(description),
    el('p', {}, 'Servidor: ', code(base())),
    el('p', { class: 'quiet' }, 'Las credenciales que escriba no se guardan; siguen aquí hasta que '
      + 'cierre la página. Para programas: ', el('a', { href: SOURCE }, 'openapi.json')),
    ...all.some(({ path }) => path.startsWith('/admin/')) ? [operatorForm()] : []);
  const link = ({ id, method, path, operation }) => el('li', {},
    el('a', { href: `#${id}` }, `${method.toUpperCase()} ${path}`), ' ', operation.summary);
  byId('contents').replaceChildren();
  byId('operations').replaceChildren();
  const tags = [...(api.tags ?? []).map((it) => it.name), ...all.map((it) => it.tag)];
  for (const tag of new Set(tags)) {
    const here = all.filter((it) => it.tag === tag);
    const about = api.tags?.find((it) => it.name === tag)?.description;
    byId('contents').append(el('p', {}, el('strong', {}, tag)), el('ul', {}, here.map(link)));
    byId('operations').append(el('h2', {}, tag), ...prose(about), ...here.map(article));
  }
  // When the browser looked for the place that the address names, it did not exist yet.
  if (location.hash) location.replace(location.hash);
}

// The operators' token shows hidden operations too.
function operatorForm() {
  const token = secretField({ key: OPERATORS, header: 'Authorization', prefix: 'Bearer ' });
  const form = el('form', {}, token, el('button', { type: 'submit' }, 'Mostrar'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    begin({ authorization: `Bearer ${secretFor(OPERATORS)}` });
  });
  return el('details', {}, el('summary', {}, 'Ver como administrador'), form);
}

// Shows the description. Returns what went wrong, for people.
async function load(headers) {
  const reply = await fetch(SOURCE, { headers, cache: 'no-store' }).catch(() => undefined);
  if (reply?.ok) {
    setApi(await reply.json());
    show();
    return '';
  }
  if (reply?.status === 401) return 'Ese token no es válido.';
  const reason = reply ? `el servicio respondió ${reply.status}` : 'no hubo respuesta';
  return `No se pudo mostrar ${SOURCE.pathname}: ${reason}. Compruebe que el servicio está en `
    + 'marcha y recargue la página.';
}

async function begin(headers) {
  const state = byId('state');
  state.className = '';
  state.textContent = 'Cargando la descripción del servicio…';
  const problem = await load(headers);
  state.className = problem && 'bad';
  state.textContent = problem;
}

begin({});

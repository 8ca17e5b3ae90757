// The page at /docs: shows openapi.json to people, and lets them send requests by hand.
//
// What comes from outside goes into the page as text, never as markup. What is typed stays in the
// page's memory: nothing is stored, and no credential is ever part of a URL.

// Beside /docs, below whatever root path there is; a name and a password in the address stay there.
const SOURCE = new URL('openapi.json', location.origin + location.pathname);
const SECONDS = 60;
// The scheme of those who may see all there is.
const OPERATORS = 'adminToken';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const PLACES = { path: 'ruta', query: 'consulta', header: 'cabecera' };
const TYPES = {
  string: 'texto', number: 'número', integer: 'entero', boolean: 'true o false',
  object: 'objeto', array: 'lista', null: 'null', 'date-time': 'fecha y hora', date: 'fecha',
};
// The headers of a signed message: made of one secret and the body, and not to be typed.
const SIGNED = ['x-webhook-signature', 'webhook-signature', 'webhook-id', 'webhook-timestamp'];

let api = {};
let ids = 0;
// Secrets by the scheme they are for, so that one that several operations want is typed once.
const typed = new Map();

// Children may be lists; what is false, undefined or empty is left out.
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value || value === 0) made.setAttribute(key, value);
  }
  made.append(...children.flat(4).filter(Boolean));
  return made;
}

const byId = (id) => document.getElementById(id);
const code = (text) => el('code', {}, text);
const shown = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

// Of Markdown what descriptions have: paragraphs, `code` and **weight**.
function prose(text = '') {
  const inline = (part) => {
    if (/^`.+`$/.test(part)) return code(part.slice(1, -1));
    return /^\*\*.+\*\*$/.test(part) ? el('strong', {}, part.slice(2, -2)) : part;
  };
  const paragraphs = text.split(/\n\s*\n/).map((it) => it.trim()).filter(Boolean);
  return paragraphs.map((it) =>
    el('p', { class: 'prose' }, it.split(/(\x60[^\x60]+\x60|\*\*[^*]+\*\*)/).map(inline)));
}

// A row of one cell is a heading. The roles are said again because some browsers forget them where
// a table is laid out as blocks, as on a phone.
function table(head, rows) {
  const cell = (content, at, { length }) => {
    if (at) return el('td', { role: 'cell', 'data-label': head[at] }, content);
    const colspan = length < 2 && head.length;
    return el('th', { role: 'rowheader', scope: 'row', colspan }, content);
  };
  const line = (cells) => el('tr', { role: 'row' }, cells);
  return el('table', { role: 'table' },
    el('thead', {}, line(head.map((it) => el('th', { role: 'columnheader', scope: 'col' }, it)))),
    el('tbody', { role: 'rowgroup' }, rows.map((row) => line(row.map(cell)))));
}

function field(label, control) {
  ids += 1;
  control.id = `field-${ids}`;
  return el('div', { class: 'field' }, el('label', { for: control.id }, label), control);
}

const select = (labels, values) => el('select', {},
  labels.map((label, at) => el('option', { value: values ? values[at] : at }, label)));

// What a $ref points at, with what stands beside it, as OpenAPI 3.1 has it.
function deref(thing) {
  // References may go in a circle.
  for (let left = 9; thing?.$ref && left; left -= 1) {
    const { $ref, ...beside } = thing;
    const keys = $ref.slice(2).split('/').map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    thing = { ...keys.reduce((at, key) => at?.[key], api), ...beside };
  }
  return thing ?? {};
}

const alternatives = (schema) => schema.oneOf ?? schema.anyOf ?? [];

function typeOf(given) {
  const schema = deref(given);
  const names = [schema.type ?? (schema.properties ? 'object' : [])].flat().map((type) => {
    if (type === 'array') return `lista: ${typeOf(schema.items) || 'de todo'}`;
    return TYPES[schema.format] ?? TYPES[type] ?? type;
  });
  const all = names.length ? names : [...alternatives(schema), ...schema.allOf ?? []].map(typeOf);
  return [...new Set(all)].filter(Boolean).join(' o ');
}

function limits(schema) {
  const facts = Object.entries({
    'Siempre': schema.const, 'Valores': schema.enum, 'Por omisión': schema.default,
    'Mínimo': schema.minimum, 'Máximo': schema.maximum,
    'Caracteres, al menos': schema.minLength, 'Caracteres, hasta': schema.maxLength,
  }).filter(([, value]) => value !== undefined);
  return facts.map(([label, value]) => el('div', { class: 'quiet' }, `${label}: `,
    [value].flat().map((it, at) => [at > 0 && ', ', code(shown(it))])));
}

const COLUMNS = ['Tipo', 'Obligatorio', 'Descripción'];
const columns = (schema, required, description) =>
  [typeOf(schema), required ? 'sí' : 'no', [prose(description), limits(schema)]];

// The fields of a schema, with those inside them, as rows of a table.
function rows(given, prefix = '', depth = 0) {
  // A schema that has itself inside has no end.
  if (depth > 6) return [];
  const schema = deref(given);
  const { properties = {}, required = [], additionalProperties: others } = schema;
  const within = (part, below = prefix) => rows(part, below, depth + 1);
  const row = (name, value) => {
    const property = deref(value);
    const must = required.includes(name);
    return [[code(prefix + name), ...columns(property, must, property.description)],
      ...within(property, `${prefix}${name}.`)];
  };
  const missing = required.filter((name) => !(name in properties));
  const options = alternatives(schema).map((it) => [deref(it), within(it)]);
  const fields = options.some(([, inside]) => inside.length) ? options : [];
  return [
    ...Object.entries(properties).flatMap(([name, value]) => row(name, value)),
    ...missing.length ? [[`Obligatorio aquí: ${missing.map((it) => prefix + it).join(', ')}`]] : [],
    ...schema.items ? within(schema.items, prefix.replace(/\.?$/, '[].')) : [],
    ...typeof others === 'object' ? row('<nombre>', others) : [],
    ...(schema.allOf ?? []).flatMap((part) => within(part)),
    ...fields.flatMap(([option, inside], at) => [
      [[el('strong', {}, `Opción ${at + 1} de ${fields.length}: ${option.title ?? typeOf(option)}`),
        prose(option.description)]], ...inside]),
  ];
}

function schemaView(given) {
  const schema = deref(given);
  const fields = rows(schema);
  return [prose(schema.description), limits(schema), fields.length
    ? table(['Campo', ...COLUMNS], fields) : el('p', {}, typeOf(schema))];
}

// Pairs of label and text.
function examples(media) {
  const named = Object.entries(media.examples ?? {}).map(([name, it]) => [name, deref(it)]);
  if (named.length) return named.map(([name, it]) => [it.summary ?? name, shown(it.value)]);
  const lone = media.example ?? deref(media.schema).examples?.[0];
  return lone === undefined ? [] : [['Ejemplo', shown(lone)]];
}

const contents = (of) => Object.entries(of.content ?? {});

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

// The alternatives that open an operation, each a list of what has to come together.
function doors(operation) {
  const schemes = api.components?.securitySchemes ?? {};
  const found = (operation.security ?? api.security ?? []).map((door) =>
    Object.keys(door).map((key) => {
      const scheme = deref(schemes[key]);
      const bearer = scheme.type === 'http' && /^bearer$/i.test(scheme.scheme);
      const header = bearer ? 'Authorization' : scheme.in === 'header' ? scheme.name : '';
      const signed = SIGNED.includes(header.toLowerCase());
      return { ...scheme, key, header, prefix: bearer ? 'Bearer ' : '', signed };
    }));
  return found.length ? found : [[]];
}

const doorName = (door) => door.map(({ signed, header, prefix, key }) =>
  (header ? `${signed ? 'firma' : 'cabecera'} ${header}${prefix && ': Bearer'}` : key)).join(' y ')
  || 'ninguna credencial';

function credentials(open) {
  const asked = open.filter((door) => door.length);
  const needed = open.length > 1 ? 'Basta con una de estas líneas:' : 'Hace falta:';
  const free = asked.length ? 'No hacen falta; se admite:' : 'No hacen falta en las cabeceras.';
  return [el('p', {}, asked.length < open.length ? free : needed),
    el('ul', {}, asked.map((door) => el('li', {}, doorName(door),
      door.map((it) => it.description && el('div', { class: 'quiet' }, prose(it.description))))))];
}

function secretField(scheme) {
  if (scheme.signed && !crypto.subtle) {
    return el('p', { class: 'bad' }, 'Aquí no se puede firmar: los navegadores solo lo permiten '
      + 'por https:// o en localhost. Use la orden de abajo.');
  }
  const input = el('input', { type: 'password', name: scheme.key, autocomplete: 'off' });
  input.value = typed.get(scheme.key) ?? '';
  input.addEventListener('input', () => {
    typed.set(scheme.key, input.value.trim());
    // No form may send what its own field does not show.
    for (const other of document.getElementsByName(scheme.key)) other.value = input.value;
  });
  return field(scheme.signed ? 'Secreto con que se firma' : doorName([scheme]), input);
}

// The headers that sign `body`: hex HMAC, or Standard Webhooks where the secret is one of theirs.
async function signature(secret, body) {
  const bytes = (text) => new TextEncoder().encode(text);
  const standard = secret.startsWith('whsec_');
  const raw = standard
    ? Uint8Array.from(atob(secret.slice(6)), (it) => it.charCodeAt(0)) : bytes(secret);
  const kind = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', raw, kind, false, ['sign']);
  const mac = async (text) =>
    [...new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes(text)))];
  if (!standard) {
    const hex = (await mac(body)).map((it) => it.toString(16).padStart(2, '0'));
    return { 'x-webhook-signature': hex.join('') };
  }
  const id = crypto.randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const base64 = btoa(String.fromCharCode(...await mac(`${id}.${now}.${body}`)));
  return { 'webhook-id': id, 'webhook-timestamp': now, 'webhook-signature': `v1,${base64}` };
}

const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
const variable = (key) =>
  `$${key.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/\W/g, '_').toUpperCase()}`;

// The request for bash, with variables where the secrets are.
function curl({ method, url, headers, signing, body }) {
  const before = [];
  const parts = [`curl -sS -i -X ${method} ${quoted(url)}`];
  for (const { header, prefix, value, key } of headers) {
    // A name may have characters that mean something to a shell.
    const name = header.replace(/[$\x60]/g, '\\$&');
    const shows = key ? `"${name}: ${prefix}${variable(key)}"` : quoted(`${header}: ${value}`);
    parts.push(`-H ${shows}`);
  }
  if (signing) {
    before.push(`CUERPO=${quoted(body)}`);
    if (signing.standard) {
      before.push('ID=$(openssl rand -hex 16) AHORA=$(date +%s)',
        'CLAVE=$(printf %s "$SECRETO" | cut -c 7- | openssl base64 -d -A | od -An -v -tx1 '
        + "| tr -d ' \\n')",
        'FIRMA=$(printf %s "$ID.$AHORA.$CUERPO" | openssl dgst -sha256 -mac HMAC '
        + '-macopt "hexkey:$CLAVE" -binary | openssl base64 -A)');
      parts.push('-H "webhook-id: $ID"', '-H "webhook-timestamp: $AHORA"',
        '-H "webhook-signature: v1,$FIRMA"');
    } else {
      before.push('FIRMA=$(printf %s "$CUERPO" | openssl dgst -sha256 -hmac "$SECRETO" -r '
        + "| cut -d ' ' -f 1)");
      parts.push('-H "x-webhook-signature: $FIRMA"');
    }
  }
  if (body) parts.push(`--data-raw ${signing ? '"$CUERPO"' : quoted(body)}`);
  return [...before, parts.join(' \\\n  ')].join('\n');
}

// Where the description comes from, which a proxy in front may call something else than it does.
const base = () => new URL('.', SOURCE).href.replace(/\/$/, '');

function gather({ method, path, inputs, door, area, type }) {
  let target = path;
  const query = [];
  const headers = [];
  for (const [it, { value }] of inputs) {
    const encoded = encodeURIComponent(value);
    if (it.in === 'path' && value) target = target.replace(`{${it.name}}`, () => encoded);
    if (it.in === 'query' && value) query.push(`${encodeURIComponent(it.name)}=${encoded}`);
    if (it.in === 'header' && value) headers.push({ header: it.name, prefix: '', value });
  }
  const body = area ? area.value : '';
  if (body) headers.push({ header: 'content-type', prefix: '', value: type });
  for (const { signed, header, prefix, key } of door) {
    const value = (typed.get(key) ?? '').replace(prefix, '');
    if (header && !signed) headers.push({ header, prefix, key, value });
  }
  // One secret makes all the headers of a signature, and says which.
  const signer = door.find((it) => it.signed);
  const secret = signer && (typed.get(signer.key) ?? '');
  const standard = secret ? secret.startsWith('whsec_') : !/^x-/i.test(signer?.header);
  return {
    method: method.toUpperCase(),
    url: base() + target + (query.length ? `?${query.join('&')}` : ''),
    headers, body, signing: signer && { secret, standard },
  };
}

function failure(error) {
  const unknown = 'No se sabe si la petición llegó.';
  if (error.name === 'TimeoutError') return `Sin respuesta en ${SECONDS} segundos. ${unknown}`;
  if (error.name === 'InvalidCharacterError') return 'Lo que sigue a «whsec_» no es Base64.';
  if (!(error instanceof TypeError)) return error.message;
  return `No hubo respuesta: el servicio no está en marcha, o algo cortó la conexión. ${unknown}`;
}

async function send({ method, url, headers, signing, body }) {
  const all = headers.filter(({ value }) => value)
    .map(({ header, prefix, value }) => [header, prefix + value]);
  if (signing?.secret) all.push(...Object.entries(await signature(signing.secret, body)));
  const wrong = all.find(([, value]) => /[^\x20-\x7e]/.test(value));
  if (wrong) throw new Error(`${wrong[0]} tiene letras que no caben en una cabecera.`);
  const start = performance.now();
  const reply = await fetch(url, {
    method, headers: all, body: body || undefined, cache: 'no-store', redirect: 'error',
    signal: AbortSignal.timeout(SECONDS * 1000),
  });
  const text = await reply.text();
  return { reply, text, ms: Math.round(performance.now() - start) };
}

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

async function attempt(request, responses, outcome, answer) {
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

function trial({ method, path, operation }, parameters, open) {
  const door = select(open.map(doorName));
  const secrets = el('div', {});
  const inputs = parameters.filter((it) => PLACES[it.in] && !SIGNED.includes(it.name))
    .map(parameterInput);
  const [type, media] = contents(deref(operation.requestBody))[0] ?? [];
  const { area, fields } = media ? bodyFields(media) : {};
  const line = el('pre', {});
  const note = el('span', { role: 'status' });
  const outcome = el('p', { role: 'status' });
  const answer = el('div', {});
  const copier = el('button', { type: 'button' }, 'Copiar');
  copier.addEventListener('click', () => copy(line, note));
  const request = () => gather({ method, path, inputs, door: open[door.value], area, type });
  const refresh = () => {
    line.textContent = curl(request());
    note.textContent = '';
  };
  const fill = () => {
    const here = open[door.value].filter((it) => it.header);
    const first = here.find((it) => it.signed);
    secrets.replaceChildren(...here.filter((it) => !it.signed || it === first).map(secretField));
  };
  const form = el('form', {},
    open.length > 1 && field('Entrar con', door), secrets,
    inputs.map(([it, control]) => field(it.name + (it.required ? ' (obligatorio)' : ''), control)),
    fields, method !== 'get' && el('p', {}, 'Se envía de verdad: puede cambiar datos.'),
    el('button', { type: 'submit' }, 'Enviar'), outcome, answer,
    el('h4', {}, 'Lo mismo con curl, en bash'),
    el('p', {}, 'Cada secreto va en una variable: ', code('read -rs NOMBRE'), ', pegarlo, Intro.'),
    line, copier, ' ', note);
  door.addEventListener('change', fill);
  form.addEventListener('input', refresh);
  // A choice above has filled its fields before the form hears of it.
  form.addEventListener('change', refresh);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(request(), operation.responses, outcome, answer);
  });
  fill();
  refresh();
  const named = { 'aria-label': `Probar ${method.toUpperCase()} ${path}` };
  return el('details', { class: 'try' }, el('summary', named, 'Probar'), form);
}

const parameterRow = (it) => [code(it.name), PLACES[it.in] ?? it.in,
  ...columns(deref(it.schema), it.required, it.description)];

function article(it) {
  const { method, path, operation, id } = it;
  const parameters = [...it.shared, ...operation.parameters ?? []].map(deref);
  const body = deref(operation.requestBody);
  const open = doors(operation);
  return el('article', { id },
    el('h3', {}, el('span', { class: 'method' }, method.toUpperCase()), ' ', code(path)),
    el('p', {}, el('strong', {}, operation.summary)),
    prose(operation.description),
    el('h4', {}, 'Credenciales'), credentials(open),
    parameters.length > 0 && [el('h4', {}, 'Parámetros'), table(
      ['Nombre', 'Dónde', ...COLUMNS], parameters.map(parameterRow))],
    contents(body).map(([type, media]) => [el('h4', {}, 'Cuerpo'),
      el('p', {}, code(type), body.required && ', obligatorio'), prose(body.description),
      el('details', {}, el('summary', {}, 'Campos'), schemaView(media.schema))]),
    el('h4', {}, 'Respuestas'), Object.entries(operation.responses ?? {}).map(response),
    trial(it, parameters, open));
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
    ...all.some(({ path }) => path.startsWith('/admin/')) ? [operators()] : []);
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
  // The place that the address names was not there yet when the browser looked for it.
  if (location.hash) location.replace(location.hash);
}

// All there is is shown to those who have the operators' token.
function operators() {
  const token = secretField({ key: OPERATORS, header: 'Authorization', prefix: 'Bearer ' });
  const form = el('form', {}, token, el('button', { type: 'submit' }, 'Mostrar'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    begin({ authorization: `Bearer ${typed.get(OPERATORS) ?? ''}` });
  });
  return el('details', {}, el('summary', {}, 'Ver como quien administra'), form);
}

async function load(headers) {
  const reply = await fetch(SOURCE, { headers, cache: 'no-store' }).catch(() => undefined);
  if (reply?.ok) {
    api = await reply.json();
    show();
    return '';
  }
  if (reply?.status === 401) return 'Ese token no vale.';
  const said = reply ? `el servicio respondió ${reply.status}` : 'no hubo respuesta';
  return `No se pudo mostrar ${SOURCE.pathname}: ${said}. Compruebe que el servicio está en marcha y `
    + 'recargue la página.';
}

async function begin(headers) {
  const state = byId('state');
  state.className = '';
  state.textContent = 'Cargando la descripción del servicio…';
  const said = await load(headers);
  state.className = said && 'bad';
  state.textContent = said;
}

begin({});

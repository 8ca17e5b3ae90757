// The description, and its schemas as tables.

import { code, el, prose, table } from './elements.js';

const TYPES = {
  string: 'texto', number: 'número', integer: 'entero', boolean: 'true o false',
  object: 'objeto', array: 'lista', null: 'null', 'date-time': 'fecha y hora', date: 'fecha',
};

export let api = {};

export function setApi(description) {
  api = description;
}

const textOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

// What a $ref points at, with what stands beside it, as OpenAPI 3.1 has it.
export function deref(thing) {
  // References may go in a circle.
  for (let left = 9; thing?.$ref && left; left -= 1) {
    const { $ref, ...beside } = thing;
    const keys = $ref.slice(2).split('/').map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    thing = { ...keys.reduce((at, key) => at?.[key], api), ...beside };
  }
  return thing ?? {};
}

const alternatives = (schema) => schema.oneOf ?? schema.anyOf ?? [];

export function typeOf(given) {
  const schema = deref(given);
  const names = [schema.type ?? (schema.properties ? 'object' : [])].flat().map((type) => {
    if (type === 'array') return `lista: ${typeOf(schema.items) || 'cualquier valor'}`;
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
    [value].flat().map((it, at) => [at > 0 && ', ', code(textOf(it))])));
}

export const COLUMNS = ['Tipo', 'Obligatorio', 'Descripción'];
export const columns = (schema, required, description) =>
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

export function schemaView(given) {
  const schema = deref(given);
  const fields = rows(schema);
  return [prose(schema.description), limits(schema), fields.length
    ? table(['Campo', ...COLUMNS], fields) : el('p', {}, typeOf(schema))];
}

// Pairs of label and text.
export function examples(media) {
  const named = Object.entries(media.examples ?? {}).map(([name, it]) => [name, deref(it)]);
  if (named.length) return named.map(([name, it]) => [it.summary ?? name, textOf(it.value)]);
  const lone = media.example ?? deref(media.schema).examples?.[0];
  return lone === undefined ? [] : [['Ejemplo', textOf(lone)]];
}

// Pairs of content type and media type object.
export const contents = (of) => Object.entries(of.content ?? {});

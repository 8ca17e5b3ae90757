// One request: gathered from its form, written as a curl command, and sent.

import { secretFor, signature } from './credentials.js';

// Beside /docs, below whatever root path there is, and without a name and password in the address.
export const SOURCE = new URL('openapi.json', location.origin + location.pathname);
const SECONDS = 60;

// Where the description comes from: a proxy in front may have another name than the service knows.
export const base = () => new URL('.', SOURCE).href.replace(/\/$/, '');

export function requestFrom({ method, path, inputs, set, area, type }) {
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
  for (const { signed, header, prefix, key } of set) {
    const value = secretFor(key).replace(prefix, '');
    if (header && !signed) headers.push({ header, prefix, key, value });
  }
  // One secret makes all the headers of a signature, and decides which.
  const signer = set.find((it) => it.signed);
  const secret = signer && secretFor(signer.key);
  const standard = secret ? secret.startsWith('whsec_') : !/^x-/i.test(signer?.header);
  return {
    method: method.toUpperCase(),
    url: base() + target + (query.length ? `?${query.join('&')}` : ''),
    headers, body, signing: signer && { secret, standard },
  };
}

const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
const variable = (key) =>
  `$${key.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/\W/g, '_').toUpperCase()}`;

// The request for bash, with variables where the secrets are.
export function curl({ method, url, headers, signing, body }) {
  const before = [];
  const parts = [`curl -sS -i -X ${method} ${quoted(url)}`];
  for (const { header, prefix, value, key } of headers) {
    // A name may have characters that mean something to a shell.
    const name = header.replace(/[$\x60]/g, '\\$&');
    const line = key ? `"${name}: ${prefix}${variable(key)}"` : quoted(`${header}: ${value}`);
    parts.push(`-H ${line}`);
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

export async function send({ method, url, headers, signing, body }) {
  const all = headers.filter(({ value }) => value)
    .map(({ header, prefix, value }) => [header, prefix + value]);
  if (signing?.secret) all.push(...Object.entries(await signature(signing.secret, body)));
  const wrong = all.find(([, value]) => /[^\x20-\x7e]/.test(value));
  if (wrong) throw new Error(`${wrong[0]} tiene caracteres que una cabecera no admite.`);
  const start = performance.now();
  const reply = await fetch(url, {
    method, headers: all, body: body || undefined, cache: 'no-store', redirect: 'error',
    signal: AbortSignal.timeout(SECONDS * 1000),
  });
  const text = await reply.text();
  return { reply, text, ms: Math.round(performance.now() - start) };
}

// Why `send` failed.
export function failure(error) {
  const unknown = 'No se sabe si la petición llegó.';
  if (error.name === 'TimeoutError') return `Sin respuesta en ${SECONDS} segundos. ${unknown}`;
  if (error.name === 'InvalidCharacterError') return 'Lo que sigue a «whsec_» no es Base64.';
  if (!(error instanceof TypeError)) return error.message;
  return `No hubo respuesta: el servicio no está en marcha, o algo cortó la conexión. ${unknown}`;
}

// Credentials: which an operation accepts, the fields that they are typed in, and signatures.
//
// What is typed stays in the page's memory: nothing is stored, and no credential is part of a URL.

import { el, field, prose } from './elements.js';
import { api, deref } from './schemas.js';

// The headers of a signed message: made of one secret and the body, and not to be typed.
export const SIGNED = [
  'x-webhook-signature', 'webhook-signature', 'webhook-id', 'webhook-timestamp',
];

// Secrets by the scheme they are for, so that one that several operations take is typed once.
const typed = new Map();

export const secretFor = (key) => typed.get(key) ?? '';

// The alternatives that an operation accepts, each a list of credentials that go together.
export function credentialSets(operation) {
  const schemes = api.components?.securitySchemes ?? {};
  const sets = (operation.security ?? api.security ?? []).map((set) =>
    Object.keys(set).map((key) => {
      const scheme = deref(schemes[key]);
      const bearer = scheme.type === 'http' && /^bearer$/i.test(scheme.scheme);
      const header = bearer ? 'Authorization' : scheme.in === 'header' ? scheme.name : '';
      const signed = SIGNED.includes(header.toLowerCase());
      return { ...scheme, key, header, prefix: bearer ? 'Bearer ' : '', signed };
    }));
  return sets.length ? sets : [[]];
}

export const setName = (set) => set.map(({ signed, header, prefix, key }) =>
  (header ? `${signed ? 'firma' : 'cabecera'} ${header}${prefix && ': Bearer'}` : key)).join(' y ')
  || 'ninguna credencial';

export function credentialsView(sets) {
  const named = sets.filter((set) => set.length);
  const needed = sets.length > 1 ? 'Basta con una de estas líneas:' : 'Hace falta:';
  const free = named.length ? 'No hacen falta; se admite:' : 'No hacen falta en las cabeceras.';
  return [el('p', {}, named.length < sets.length ? free : needed),
    el('ul', {}, named.map((set) => el('li', {}, setName(set),
      set.map((it) => it.description && el('div', { class: 'quiet' }, prose(it.description))))))];
}

export function secretField(scheme) {
  if (scheme.signed && !crypto.subtle) {
    return el('p', { class: 'bad' }, 'Aquí no se puede firmar: los navegadores solo lo permiten '
      + 'por https:// o en localhost. Use el comando de abajo.');
  }
  const input = el('input', { type: 'password', name: scheme.key, autocomplete: 'off' });
  input.value = secretFor(scheme.key);
  input.addEventListener('input', () => {
    typed.set(scheme.key, input.value.trim());
    // No form may send what its own field does not show.
    for (const other of document.getElementsByName(scheme.key)) other.value = input.value;
  });
  return field(scheme.signed ? 'Secreto de la firma' : setName([scheme]), input);
}

// The headers that sign `body`: hex HMAC, or Standard Webhooks where the secret is one of theirs.
export async function signature(secret, body) {
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

// Requests to /admin. The token stays in this module's memory: it is not stored, nor part of a URL.

// Beside /panel, below whatever root path there is, and without a name and password in the address.
const ADMIN = new URL('admin/', location.origin + location.pathname);
// A drain works for 20 seconds.
const SECONDS = 45;

let token = '';

export const setToken = (text) => {
  token = text.trim();
};

// Whether a header can carry it; what cannot be sent is no token.
export const canBeSent = () => /^[\x21-\x7e]+$/.test(token);

// The query of those that are set.
export const query = (fields) => Object.entries(fields).filter(([, value]) => value)
  .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

// What the service says to this. An error has a message for people, and `status` where it answered.
export async function ask(method, path) {
  let reply;
  let body;
  try {
    reply = await fetch(new URL(path, ADMIN), {
      method, headers: { authorization: `Bearer ${token}` }, cache: 'no-store', redirect: 'error',
      signal: AbortSignal.timeout(SECONDS * 1000),
    });
    body = await reply.json();
  } catch {
    // A proxy in front that says so in HTML is no answer of the service.
    throw new Error(reply ? `respondió otro programa, con ${reply.status}.` : 'no hubo respuesta.');
  }
  if (reply.ok) return body;
  const { status } = reply;
  const error = new Error(body.message ?? `respondió ${status}.`);
  throw Object.assign(error, { status, code: body.code });
}

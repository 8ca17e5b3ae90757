// Numbers, times and codes of the service, in words.

const digits = (number) => String(number).padStart(2, '0');

// With a narrow space between thousands, as no country reads it for something else.
export const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');

export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

export function span(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const rest = (number, unit) => (number ? ` ${number} ${unit}` : '');
  if (days) return plural(days, 'día', 'días') + rest(hours % 24, 'h');
  if (hours) return `${hours} h${rest(minutes % 60, 'min')}`;
  return minutes ? `${minutes} min` : `${Math.max(0, Math.floor(seconds))} s`;
}

function day(at) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(Date.now()) - midnight(at)) / 864e5);
  const written = `${digits(at.getDate())}/${digits(at.getMonth() + 1)}/${at.getFullYear()}`;
  return ['hoy', 'ayer'][days] ?? written;
}

export function clock(time, seconds) {
  const at = new Date(time);
  const all = [at.getHours(), at.getMinutes(), ...seconds ? [at.getSeconds()] : []];
  return all.map(digits).join(':');
}

// «hoy 07:58»
export const moment = (time) => `${day(new Date(time))} ${clock(time)}`;

// «las 02:13», «ayer a las 23:10»
export function hour(time, seconds) {
  const at = new Date(time);
  const written = `${at.getHours() === 1 ? 'la' : 'las'} ${clock(time, seconds)}`;
  const date = day(at);
  if (date === 'hoy') return written;
  return `${date === 'ayer' ? date : `el ${date}`} a ${written}`;
}

// Why a change waits or died: what it is called, and what to do about it.
const CAUSES = {
  no_row: ['la fila no está en SAM', 'El Lanzador no la insertó, o SAM ya la pasó al histórico: '
    + 'busque el deployment arriba. Si está en el histórico, borre la entrada.'],
  refused_by_database: ['la base de datos no lo acepta', 'Cada entrada dice el código. '
    + 'Arregle la causa y reintente.'],
  data_api_away: ['SAM no respondía', 'Cuando SAM responda, reintente.'],
  data_api_refuses: ['la API de datos rechaza todo', 'Revise la clave o el rol con que escribe '
    + 'el servicio, y reintente.'],
  data_api_failed: ['la API de datos falló con ese cambio', 'Cada entrada dice el código. '
    + 'Arregle la causa y reintente.'],
  unaddressable: ['la API de datos no admite ese id', 'No se puede entregar: cierre la ejecución '
    + 'en SAM y borre la entrada.'],
  store: ['falló el almacén', 'Revise el disco o Redis, y reintente.'],
  untried: ['todavía sin intentar', 'Reintente.'],
  unknown: ['causa desconocida', 'Cada entrada dice qué falló.'],
};

export const CAUSE_NAMES = Object.keys(CAUSES);
export const cause = (name) => CAUSES[name]?.[0] ?? name;
export const remedy = (name) => CAUSES[name]?.[1] ?? CAUSES.unknown[1];

export const SOURCES = {
  a360: 'A360', messages: 'mensajes', cal: 'Cal.com', blizwork: 'BlizWork', admin: 'administración',
};
export const source = (name) => SOURCES[name] ?? name;

// By the code of a refusal: the group that it is counted in, and why it was.
const REFUSALS = {
  invalid_credentials: ['token', 'ninguna credencial válida'],
  insufficient_credentials: ['token', 'faltó la segunda credencial'],
  too_many_attempts: ['exceso', 'demasiados intentos fallidos'],
  too_much: ['exceso', 'demasiados mensajes'],
  invalid_json: ['contenido', 'el cuerpo no es JSON'],
  invalid_callback: ['contenido', 'no es un callback'],
  invalid_message: ['contenido', 'no es un mensaje válido'],
  too_large: ['contenido', 'cuerpo demasiado grande'],
  interrupted: ['contenido', 'el cuerpo llegó incompleto'],
  unsupported_media_type: ['contenido', 'el contenido no es JSON'],
  unsupported_encoding: ['contenido', 'cuerpo comprimido'],
  replayed: ['contenido', 'ya había llegado'],
  misconfigured: ['servicio', 'un ajuste no es válido'],
  unavailable: ['servicio', 'ni la base de datos ni la bandeja lo aceptaron'],
  no_row_yet: ['servicio', 'la fila no existe y la bandeja no lo aceptó'],
};

export const refusalGroup = (code) => REFUSALS[code]?.[0] ?? 'otra causa';
export const refusal = (code) => REFUSALS[code]?.[1] ?? code;

// What became of an entry that was tried.
const OUTCOMES = {
  updated: 'Entregado: la fila quedó actualizada.',
  already_final: 'La fila ya estaba cerrada: no había nada que cambiar.',
  no_row_yet: 'SAM todavía no tiene esa fila.',
  failed: 'No se pudo entregar. Se reintenta solo.',
  dead: 'No se pudo entregar: sigue como entrega fallida.',
  not_due: 'Otro intento está en curso.',
  gone: 'Ya no está: otro la entregó o la borró.',
};
export const outcome = (name) => OUTCOMES[name] ?? name;

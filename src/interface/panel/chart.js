// What waited and what had died in the last 24 hours, as a drawing.

import { el } from '../page/elements.js';
import { clock, count, moment } from './words.js';

const MINUTES = 24 * 60;
const HEIGHT = 100;
// Samples come each five minutes; where one is missing, nothing is drawn.
const GAP = 12;

const LINES = [['waiting', 'pendientes de entrega'], ['dead', 'entregas fallidas']];

function svg(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A value lasts until the next one.
function path(samples, name, highest) {
  let previous;
  const steps = samples.map((it) => {
    const y = HEIGHT - 2 - (it[name] / highest) * (HEIGHT - 4);
    const isApart = previous === undefined || it.x - previous > GAP;
    const start = isApart ? `M${it.x} ${y}` : `H${it.x}V${y}`;
    previous = it.x;
    return start;
  });
  return `${steps.join('')}h5`;
}

// The last sample is what there is now.
export function chart(depth, now) {
  const begin = now - MINUTES * 6e4;
  const samples = depth.map((it) => ({ ...it, x: Math.round((Date.parse(it.time) - begin) / 6e4) }))
    .filter(({ x }) => x >= 0 && x <= MINUTES).sort((a, b) => a.x - b.x);
  const top = (name) => samples.reduce((most, it) => (it[name] > most[name] ? it : most));
  const highest = Math.max(1, ...LINES.map(([name]) => top(name)[name]));
  const legend = LINES.map(([name, label]) => {
    const { [name]: most, time, atLeast } = top(name);
    return el('li', { class: name }, `${label}: máximo ${count(most)}`,
      atLeast && ' o más', most > 0 && ` (${moment(time)})`);
  });
  const drawing = svg('svg', {
    viewBox: `0 0 ${MINUTES} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true',
  }, ...LINES.map(([name]) => svg('path', { class: name, d: path(samples, name, highest) })));
  const hours = [24, 18, 12, 6, 0].map((back) => clock(now - back * 36e5));
  return [el('h2', {}, 'Últimas 24 horas'), el('ul', { class: 'legend' }, legend),
    el('div', { class: 'plot', 'data-top': highest > 1 && count(highest) }, drawing),
    el('p', { class: 'hours quiet', 'aria-hidden': 'true' }, hours.map((it) => el('span', {}, it)))];
}

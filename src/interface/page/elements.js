// Elements of the page. Text from outside becomes text, never markup.

let ids = 0;

// Children may be lists; what is false, undefined or empty is left out.
export function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value || value === 0) made.setAttribute(key, value);
  }
  made.append(...children.flat(4).filter(Boolean));
  return made;
}

export const code = (text) => el('code', {}, text);

// The part of Markdown that descriptions have: paragraphs, `code` and **strong**.
export function prose(text = '') {
  const inline = (part) => {
    if (/^`.+`$/.test(part)) return code(part.slice(1, -1));
    return /^\*\*.+\*\*$/.test(part) ? el('strong', {}, part.slice(2, -2)) : part;
  };
  const paragraphs = text.split(/\n\s*\n/).map((it) => it.trim()).filter(Boolean);
  return paragraphs.map((it) =>
    el('p', { class: 'prose' }, it.split(/(\x60[^\x60]+\x60|\*\*[^*]+\*\*)/).map(inline)));
}

// A row of one cell is a heading. The roles are explicit because some browsers drop them where a
// table is laid out as blocks, as on a phone.
export function table(head, rows) {
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

export function field(label, control) {
  ids += 1;
  control.id = `field-${ids}`;
  return el('div', { class: 'field' }, el('label', { for: control.id }, label), control);
}

export const select = (labels, values) => el('select', {},
  labels.map((label, at) => el('option', { value: values ? values[at] : at }, label)));

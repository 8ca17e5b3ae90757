// Brings what is shown up to date by changing only what differs: nothing flickers, and focus,
// selection and scroll position stay where they are.

// Of a list's items, so that one stays itself when another before it goes.
const keyOf = (node) => node.dataset?.key;

const isSame = (old, next) => old.nodeName === next.nodeName && keyOf(old) === keyOf(next);

function updateNode(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  updateChildren(old, [...next.childNodes]);
}

function updateChildren(node, children) {
  const keys = new Set(children.map(keyOf));
  for (const old of [...node.childNodes]) {
    if (!keys.has(keyOf(old))) old.remove();
  }
  let old = node.firstChild;
  for (const next of children) {
    if (old && isSame(old, next)) {
      const after = old.nextSibling;
      updateNode(old, next);
      old = after;
    } else {
      node.insertBefore(next, old);
    }
  }
  while (old) {
    const after = old.nextSibling;
    old.remove();
    old = after;
  }
}

// Lets `node` have these children: nodes and texts; what is false or empty is left out.
export function update(node, ...children) {
  const fragment = document.createDocumentFragment();
  fragment.append(...children.flat(4).filter(Boolean));
  // As a parser would have it; otherwise neighbouring texts would not be compared as one.
  fragment.normalize();
  updateChildren(node, [...fragment.childNodes]);
}

const SVG = 'http://www.w3.org/2000/svg';
const ROW = 44;
const LABELS = 104;
const VALUES = 56;

function element(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

function bar({ label, value }, at, scale) {
  const y = at * ROW;
  const width = Math.max(2, value * scale);
  const middle = y + ROW / 2;
  const group = element('g', {});
  group.append(
    element('text', { class: 'label', x: LABELS - 12, y: middle, 'text-anchor': 'end', 'dominant-baseline': 'central' }, label),
    element('rect', { class: 'bar', x: LABELS, y: y + 8, width, height: ROW - 16, rx: 4 }),
    element('text', { class: 'value', x: LABELS + width + 10, y: middle, 'dominant-baseline': 'central' }, value),
  );
  return group;
}

/** Draws one bar for each row, in the available space. */
export function chart(rows, title, room) {
  const across = Math.max(room, LABELS + VALUES + 40);
  const height = Math.max(rows.length, 1) * ROW;
  const description = `${title}: ${rows.map(({ label, value }) => `${label} ${value}`).join(', ') || 'no rows'}`;
  const svg = element('svg', {
    width: across,
    height,
    role: 'img',
    'aria-label': description,
  });
  const most = Math.max(1, ...rows.map(({ value }) => value));
  svg.append(element('line', { class: 'axis', x1: LABELS, x2: LABELS, y1: 0, y2: height }));
  const scale = (across - LABELS - VALUES) / most;
  svg.append(...rows.map((row, at) => bar(row, at, scale)));
  return svg;
}

import { chart } from './chart.js';

const at = (id) => document.getElementById(id);

export const PAGES = [
  { name: 'overview', displayName: 'Overview' },
  { name: 'details', displayName: 'Details' },
];

/** The visible part of the report. */
export class View {
  #onPage;
  #draw = () => {};

  constructor(onPage) {
    this.#onPage = onPage;
    new ResizeObserver(() => this.#draw()).observe(at('canvas'));
    // Tests use this mark to detect whether the iframe was loaded again.
    document.body.dataset.instance = crypto.randomUUID();
  }

  say(state, message) {
    document.body.dataset.state = state;
    at('message').textContent = message;
    at('canvas').hidden = state !== 'loaded';
    at('pages').hidden = state !== 'loaded';
    if (state !== 'loaded') this.#empty();
  }

  show(report, isEditing) {
    this.say('loaded', report.rows.length === 0 ? 'There are no rows for this viewer.' : '');
    const name = report.reportName ?? 'New report';
    document.title = name;
    at('report').textContent = isEditing ? `${name} (editing)` : name;
    // Each tenant has a colour, which shows whose data the report has.
    document.body.dataset.workspace = report.workspace ?? '';
    at('dataset').textContent = report.datasetName;
    at('workspace').textContent = report.workspace ? `in ${report.workspace}` : '';
    at('identity').textContent = described(report.identity);
    this.#draw = () => at('chart').replaceChildren(chart(report.rows, report.datasetName, at('canvas').clientWidth));
    this.#draw();
    at('table').tBodies[0].replaceChildren(...report.rows.map(tableRow));
  }

  turnTo(active) {
    document.body.dataset.page = active;
    at('chart').hidden = active !== 'overview';
    at('table').hidden = active !== 'details';
    at('pages').replaceChildren(...PAGES.map((page) => this.#tab(page, page.name === active)));
  }

  #tab({ name, displayName }, isActive) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = displayName;
    button.dataset.page = name;
    if (isActive) button.setAttribute('aria-current', 'page');
    button.addEventListener('click', () => this.#onPage(name));
    return button;
  }

  #empty() {
    this.#draw = () => {};
    for (const id of ['dataset', 'workspace', 'identity', 'chart', 'pages']) at(id).replaceChildren();
    at('table').tBodies[0].replaceChildren();
  }
}

function described(identity) {
  if (!identity) return 'No effective identity';
  const { username, roles = [], customData } = identity;
  const parts = [`Seen as ${username}`];
  if (roles.length > 0) parts.push(`role ${roles.join(', ')}`);
  if (customData) parts.push(`custom data ${customData}`);
  return parts.join(' · ');
}

function tableRow({ label, value }) {
  const row = document.createElement('tr');
  row.append(...[label, value].map((text) => Object.assign(document.createElement('td'), { textContent: text })));
  return row;
}

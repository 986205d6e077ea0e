import { describeProblem, type DatasetList, type ListedDataset, type Mode } from '@dynabind/client';
import { at, h } from './dom.js';

export interface Choice {
  report: string;
  dataset: string;
  mode: Mode;
}

/** What both demo tenants have, to begin with: the same report, over the data of each. */
const PREFERRED = new Set(['sales', 'contoso-sales', 'fabrikam-sales']);

const MODE_NAMES: Record<Mode, string> = { view: 'View', edit: 'Edit', create: 'New report' };

/** Reports and datasets that the caller may bind; a choice of one of each, and of a mode. */
export class Catalog {
  readonly #onChoice: (choice: Choice) => void;
  #list: DatasetList = { reports: [], datasets: [] };
  #choice: Partial<Choice> = {};

  constructor(onChoice: (choice: Choice) => void) {
    this.#onChoice = onChoice;
  }

  show(list: DatasetList): void {
    this.#list = list;
    const usable = list.reports.filter(({ bindable }) => bindable);
    const first = usable.find(({ report }) => PREFERRED.has(report)) ?? usable[0] ?? list.reports[0];
    at('what').hidden = false;
    if (!first) {
      at('catalog').replaceChildren(h('p', { class: 'empty' }, 'There is nothing that you may see. Choose someone else.'));
      return;
    }
    this.#choose({ report: first.report });
  }

  hide(): void {
    at('what').hidden = true;
    at('catalog').replaceChildren();
    this.#choice = {};
  }

  /** Marks a dataset as chosen without asking for it again. */
  mark(dataset: string): void {
    for (const input of at('catalog').querySelectorAll<HTMLInputElement>('input[name=dataset]')) {
      input.checked = input.value === dataset;
    }
    this.#choice.dataset = dataset;
  }

  nameOf(dataset: string | undefined): string {
    return this.#list.datasets.find((entry) => entry.dataset === dataset)?.name ?? dataset ?? 'your dataset';
  }

  get datasets(): ListedDataset[] {
    const { report } = this.#choice;
    return this.#list.datasets.filter(({ reports }) => report !== undefined && reports.includes(report));
  }

  /** Keeps what still goes with the change, and settles the rest. */
  #choose(change: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...change };
    const usable = this.datasets.filter(({ bindable }) => bindable);
    const kept = usable.find((entry) => entry.dataset === this.#choice.dataset);
    const dataset = kept ?? usable.find((entry) => PREFERRED.has(entry.dataset)) ?? usable[0];
    const mode = dataset?.modes.find((known) => known === this.#choice.mode) ?? dataset?.modes.find((known) => known === 'view');
    this.#choice.dataset = dataset?.dataset ?? '';
    this.#choice.mode = mode ?? dataset?.modes[0] ?? 'view';
    this.#draw();
    const { report } = this.#choice;
    if (report && dataset) this.#onChoice({ report, dataset: dataset.dataset, mode: this.#choice.mode });
  }

  #draw(): void {
    const focused = document.activeElement?.id;
    at('catalog').replaceChildren(this.#reports(), this.#datasetOptions(), this.#modes() ?? '');
    if (focused) document.getElementById(focused)?.focus();
  }

  #reports(): HTMLElement {
    const options = this.#list.reports.map(({ report, name, problems }) => {
      const selected = report === this.#choice.report;
      return h('option', { value: report, selected }, problems.length === 0 ? name : `${name} (not usable)`);
    });
    const select = h('select', { id: 'report-choice' }, ...options);
    select.addEventListener('change', () => this.#choose({ report: select.value }));
    const chosen = this.#list.reports.find(({ report }) => report === this.#choice.report);
    const problems = (chosen?.problems ?? []).map((code) => h('p', { class: 'problem' }, describeProblem(code)));
    return h('div', { class: 'field' }, h('label', { for: 'report-choice' }, 'Report'), select, ...problems);
  }

  #datasetOptions(): HTMLElement {
    const options = this.datasets.map((entry) => this.#datasetOption(entry));
    const none = h('p', { class: 'empty' }, 'You have no dataset for this report.');
    return h('fieldset', {}, h('legend', {}, 'Data'), ...(options.length > 0 ? options : [none]));
  }

  #datasetOption({ dataset, name, bindable, problems }: ListedDataset): HTMLElement {
    const input = h('input', {
      type: 'radio',
      name: 'dataset',
      id: `dataset-${dataset}`,
      value: dataset,
      disabled: !bindable,
      checked: dataset === this.#choice.dataset,
      onchange: () => this.#choose({ dataset }),
    });
    const sentences = problems.map((code) => h('small', { class: 'problem' }, describeProblem(code)));
    return h('label', { class: 'option' }, input, h('span', {}, h('strong', {}, name), ...sentences));
  }

  #modes(): HTMLElement | undefined {
    const modes = this.datasets.find(({ dataset }) => dataset === this.#choice.dataset)?.modes ?? [];
    if (modes.length < 2) return undefined;
    const options = modes.map((mode) => h('option', { value: mode, selected: mode === this.#choice.mode }, MODE_NAMES[mode]));
    const select = h('select', { id: 'mode-choice' }, ...options);
    select.addEventListener('change', () => this.#choose({ mode: select.value as Mode }));
    return h('div', { class: 'field' }, h('label', { for: 'mode-choice' }, 'Mode'), select);
  }
}

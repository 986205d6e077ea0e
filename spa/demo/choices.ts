import { describeProblem, type DatasetList, type ListedDataset, type Mode } from '@dynabind/client';
import { h } from './dom.js';

export interface Choice {
  report: string;
  dataset: string;
  mode: Mode;
}

interface NamedProblem {
  name: string;
  text: string;
}

export const problemList = (problems: readonly NamedProblem[]): HTMLElement =>
  h('ul', { class: 'problems', tabindex: '0', 'aria-label': 'What cannot be shown' }, ...problems.map(({ name, text }) => h('li', {}, h('strong', {}, name), h('span', { class: 'problem' }, text))));

/** Datasets that the demo prefers, because both tenants have them: the same report shows the data of each tenant. */
const PREFERRED = new Set(['sales', 'contoso-sales', 'fabrikam-sales']);

const MODE_NAMES: Record<Mode, string> = { view: 'View', edit: 'Edit', create: 'New report' };

/** The choice of a report, a dataset and a mode, among those that the caller may bind. */
export class Choices {
  readonly element = h('div', { class: 'choices' });
  readonly #prefix: string;
  readonly #onChoice: (choice: Choice) => void;
  #list: DatasetList = { reports: [], datasets: [] };
  #choice: Partial<Choice> = {};

  constructor(prefix: string, onChoice: (choice: Choice) => void) {
    this.#prefix = prefix;
    this.#onChoice = onChoice;
  }

  show(list: DatasetList): void {
    this.#list = list;
    this.#choice = {};
    const usable = list.reports.filter(({ bindable }) => bindable);
    const first = usable.find(({ report }) => PREFERRED.has(report)) ?? usable[0] ?? list.reports[0];
    if (first) this.#choose({ report: first.report });
    else this.element.replaceChildren();
  }

  hide(): void {
    this.#list = { reports: [], datasets: [] };
    this.#choice = {};
    this.element.replaceChildren();
  }

  /** Marks a dataset as chosen without requesting it again. */
  mark(dataset: string): void {
    for (const input of this.element.querySelectorAll<HTMLInputElement>('input')) input.checked = input.value === dataset;
    this.#choice.dataset = dataset;
  }

  nameOf(dataset: string | undefined): string {
    return this.#list.datasets.find((entry) => entry.dataset === dataset)?.name ?? dataset ?? 'your data';
  }

  get datasets(): ListedDataset[] {
    const { report } = this.#choice;
    const granted = this.#list.datasets.filter(({ reports }) => report !== undefined && reports.includes(report));
    return [...granted.filter(({ bindable }) => bindable), ...granted.filter(({ bindable }) => !bindable)];
  }

  /** Why the chosen report, or each of its datasets, cannot be shown. */
  get problems(): NamedProblem[] {
    const reports = this.#list.reports.filter(({ report }) => report === this.#choice.report);
    return [...reports, ...this.datasets]
      .filter(({ bindable }) => !bindable)
      .map(({ name, problems }) => ({ name, text: problems.map(describeProblem).join(' ') }));
  }

  /** Applies a change. Keeps the other choices if they are still possible, and replaces them otherwise. */
  #choose(change: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...change };
    const usable = this.datasets.filter(({ bindable }) => bindable);
    const kept = usable.find((entry) => entry.dataset === this.#choice.dataset);
    const dataset = kept ?? usable.find((entry) => PREFERRED.has(entry.dataset)) ?? usable[0];
    const modes = dataset?.modes ?? [];
    const mode = modes.find((known) => known === this.#choice.mode) ?? modes.find((known) => known === 'view');
    this.#choice.dataset = dataset?.dataset ?? '';
    this.#choice.mode = mode ?? modes[0] ?? 'view';
    this.#draw();
    this.#onChoice({ report: '', ...this.#choice, dataset: this.#choice.dataset, mode: this.#choice.mode });
  }

  #draw(): void {
    const focused = document.activeElement?.id;
    const parts = [this.#reports(), this.#datasetOptions(), this.#modes(), this.#notUsable()];
    this.element.replaceChildren(...parts.filter((part) => part !== undefined));
    if (focused) document.getElementById(focused)?.focus();
  }

  #reports(): HTMLElement {
    const options = this.#list.reports.map(({ report, name, bindable }) =>
      h('option', { value: report, selected: report === this.#choice.report }, bindable ? name : `${name} (not usable)`),
    );
    return this.#select('Report', options, (report) => this.#choose({ report }));
  }

  #datasetOptions(): HTMLElement {
    const options = this.datasets.map(({ dataset, name, bindable, problems }) => {
      const id = `${this.#prefix}-dataset-${dataset}`;
      const input = h('input', {
        type: 'radio',
        name: `${this.#prefix}-dataset`,
        id,
        value: dataset,
        disabled: !bindable,
        checked: dataset === this.#choice.dataset,
        onchange: () => this.#choose({ dataset }),
      });
      const title = problems.map(describeProblem).join(' ');
      return h('label', { class: 'chip', ...(title && { title }) }, input, h('span', {}, name));
    });
    const none = h('p', { class: 'empty' }, 'No dataset is granted for this report.');
    // If no dataset can get the focus, the list itself gets it, so that the keyboard can scroll it.
    const scrolls = this.datasets.some(({ bindable }) => bindable) ? {} : { tabindex: '0' };
    const chips = h('div', { class: 'chips', ...scrolls }, ...(options.length > 0 ? options : [none]));
    return h('fieldset', { class: 'field data' }, h('legend', {}, 'Data'), chips);
  }

  #modes(): HTMLElement | undefined {
    const modes = this.datasets.find(({ dataset }) => dataset === this.#choice.dataset)?.modes ?? [];
    if (modes.length < 2) return undefined;
    const options = modes.map((mode) => h('option', { value: mode, selected: mode === this.#choice.mode }, MODE_NAMES[mode]));
    return this.#select('Mode', options, (mode) => this.#choose({ mode: mode as Mode }));
  }

  #notUsable(): HTMLElement | undefined {
    const { problems } = this;
    // If no dataset can be shown, the report's box lists the problems.
    if (problems.length === 0 || !this.#choice.dataset) return undefined;
    return h('details', { class: 'not-usable' }, h('summary', {}, `Why some items cannot be shown (${problems.length})`), problemList(problems));
  }

  #select(name: string, options: HTMLElement[], onChange: (value: string) => void): HTMLElement {
    const id = `${this.#prefix}-${name.toLowerCase()}`;
    const select = h('select', { id }, ...options);
    select.addEventListener('change', () => onChange(select.value));
    return h('div', { class: 'field' }, h('label', { for: id }, name), select);
  }
}

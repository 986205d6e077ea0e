import { createDynabind, DynabindError, type DatasetList, type Dynabind, type Handle } from '@dynabind/client';
import { Box } from './box.js';
import { Choices, problemList, type Choice } from './choices.js';
import type { JumpingClock } from './clock.js';
import { callerToken, type Person } from './devstack.js';
import { h } from './dom.js';
import { Granted } from './granted.js';
import { log } from './log.js';
import { Recorder } from './recorder.js';

/** The local stand-in always answers within this time. The real service may take longer. */
const PATIENCE = 4_000;

/** One signed-in person with one report, and the state that belongs to that person. */
export class Panel {
  readonly recorder: Recorder;
  readonly choices: Choices;
  readonly element: HTMLElement;
  readonly #people: readonly Person[];
  readonly #clock: JumpingClock;
  readonly #onChange: () => void;
  readonly #box = new Box();
  readonly #granted = new Granted();
  readonly #title: HTMLElement;
  readonly #about = h('p', { class: 'about' });
  readonly #status = h('p', { class: 'status', role: 'status' });
  readonly #select: HTMLSelectElement;
  #person: Person | undefined;
  #dynabind: Dynabind | undefined;
  #handle: Handle | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #since = 0;

  constructor(prefix: string, label: string, people: readonly Person[], clock: JumpingClock, onChange: () => void) {
    this.#people = people;
    this.#clock = clock;
    this.#onChange = onChange;
    this.choices = new Choices(prefix, (choice) => this.#show(choice));
    this.recorder = new Recorder(
      (exchange) => {
        const { method, path, status, milliseconds } = exchange;
        log(this.tenant, `${method} ${path} → ${status} in ${milliseconds} ms`, 'call');
        if (path === '/config' || path === '/token') this.#granted.take(exchange);
      },
      (token) => void this.#granted.takeToken(token),
    );
    this.#title = h('h2');
    this.#select = this.#personSelect(prefix);
    const who = h('label', { class: 'who', for: `${prefix}-person` }, 'Signed in as ', this.#select);
    const head = h('div', { class: 'panel-head' }, this.#title, who);
    const parts = [head, this.#about, this.choices.element, this.#box.element, this.#status, this.#granted.element];
    this.element = h('section', { class: 'card panel', id: prefix, 'aria-label': label }, ...parts);
  }

  get handle(): Handle | undefined {
    return this.#handle;
  }

  get tenant(): string {
    return this.#person?.tenant ?? 'nobody';
  }

  async signIn(name: string): Promise<void> {
    this.#leave();
    const person = this.#people.find((one) => one.name === name);
    this.#person = person;
    this.#select.value = person?.name ?? '';
    this.element.dataset.tenant = this.tenant;
    this.#title.textContent = person ? person.tenant : 'Signed out';
    this.#about.textContent = person?.about ?? 'The report and the token of the previous person are removed.';
    this.#onChange();
    if (!person) return this.#box.empty('Choose a person above to see the report with their data.');
    const client = createDynabind({
      apiUrl: location.origin,
      getAccessToken: () => callerToken(person.name),
      fetch: this.recorder.fetch,
      clock: this.#clock,
    });
    this.#dynabind = client;
    this.#box.loading();
    this.#status.textContent = `Looking up what ${person.displayName} may see…`;
    try {
      const list = await listFor(client);
      if (this.#dynabind === client) this.#offer(list, person);
    } catch (cause) {
      if (this.#dynabind === client && cause instanceof DynabindError) this.#fail(cause);
    }
  }

  /** Requests a new config for the same person. */
  restart(): void {
    if (this.#person) void this.signIn(this.#person.name);
  }

  switch(dataset: string): void {
    this.#wait(dataset);
    void this.#handle?.switchDataset(dataset);
  }

  #personSelect(prefix: string): HTMLSelectElement {
    const tenants = [...new Set(this.#people.map(({ tenant }) => tenant))];
    const groups = tenants.map((label) => {
      const members = this.#people.filter(({ tenant }) => tenant === label);
      return h('optgroup', { label }, ...members.map(({ name, displayName }) => h('option', { value: name }, displayName)));
    });
    const select = h('select', { id: `${prefix}-person` }, h('option', { value: '' }, 'Nobody (sign out)'), ...groups);
    select.addEventListener('change', () => void this.signIn(select.value));
    return select;
  }

  #offer(list: DatasetList, { displayName }: Person): void {
    this.choices.show(list);
    if (list.reports.length > 0) return;
    this.#status.textContent = `Nothing is granted to ${displayName}.`;
    this.#box.empty(`Nothing is granted to ${displayName}. Choose another person above.`);
  }

  /** Switches to another dataset. Embeds again for another report or mode. */
  #show({ report, dataset, mode }: Choice): void {
    if (!dataset || !this.#dynabind) return this.#nothingToShow();
    this.#wait(dataset);
    const { binding, state } = this.#handle ?? {};
    if (state !== 'disposed' && binding?.report === report && binding.mode === mode) {
      void this.#handle?.switchDataset(dataset);
      return;
    }
    const title = `${report}, with ${this.choices.nameOf(dataset)}`;
    this.#handle = this.#dynabind.embed(this.#box.report, { report, dataset, mode, title });
    this.#listen(this.#handle);
    this.#granted.show(this.#handle);
    this.#onChange();
  }

  #nothingToShow(): void {
    clearTimeout(this.#patience);
    this.#handle?.dispose();
    this.#handle = undefined;
    this.#granted.show(undefined);
    this.#granted.clear();
    this.#onChange();
    this.#status.textContent = 'No data of this report can be shown.';
    const text = h('p', {}, 'The data of this report cannot be shown. Choose another report above.');
    this.#box.empty(text, problemList(this.choices.problems));
  }

  #wait(dataset: string): void {
    clearTimeout(this.#patience);
    this.#since = performance.now();
    this.#box.loading();
    this.#status.textContent = `Loading ${this.choices.nameOf(dataset)}…`;
    this.#patience = setTimeout(() => {
      if (this.#handle?.state !== 'loading' || !this.#handle.report) return;
      this.#box.hostHint();
      this.#status.textContent = 'This browser cannot show the simulated report.';
    }, PATIENCE);
  }

  #listen(handle: Handle): void {
    handle.on('loaded', ({ binding }) => log(this.tenant, `loaded: ${binding.report} with ${binding.dataset}`));
    handle.on('rendered', ({ binding }) => this.#rendered(binding.dataset));
    handle.on('tokenRefreshed', ({ tokenId }) => log(this.tenant, `token renewed: ${tokenId ?? 'the user’s own'}`));
    handle.on('error', (error) => {
      log(this.tenant, `${error.message} ${error.remedy}`, 'error');
      if (!error.fatal) return;
      this.#fail(error);
      this.#granted.forget();
      // No report is shown, so no dataset is marked as chosen.
      this.choices.mark('');
    });
  }

  #rendered(dataset: string | undefined): void {
    clearTimeout(this.#patience);
    this.#box.clear();
    if (dataset) this.choices.mark(dataset);
    const took = this.#since === 0 ? '' : ` after ${((performance.now() - this.#since) / 1000).toFixed(1)} s`;
    this.#since = 0;
    this.#status.textContent = `Showing ${this.choices.nameOf(dataset)}${took}.`;
  }

  #fail(error: DynabindError): void {
    clearTimeout(this.#patience);
    this.#box.error(error);
    this.#status.textContent = 'The report cannot be shown. Choose other data or another person.';
  }

  #leave(): void {
    clearTimeout(this.#patience);
    this.#dynabind?.dispose();
    this.#dynabind = this.#handle = undefined;
    this.choices.hide();
    this.#granted.show(undefined);
    this.#granted.clear();
    this.#status.textContent = '';
  }
}

/** The service refuses the list to a caller of an unknown tenant. The demo shows this refusal as an empty list. */
async function listFor(client: Dynabind): Promise<DatasetList> {
  try {
    return await client.datasets();
  } catch (cause) {
    if (cause instanceof DynabindError && cause.code === 'not-entitled') return { reports: [], datasets: [] };
    throw cause;
  }
}

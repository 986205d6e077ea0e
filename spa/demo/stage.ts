import type { Dynabind, DynabindError, Handle } from '@dynabind/client';
import type { Catalog, Choice } from './catalog.js';
import { at } from './dom.js';
import { log } from './log.js';
import { clearNotice, showError, showHostHint } from './notice.js';

/** A local stand-in answers well within this time; the real service may take longer. */
const PATIENCE = 5_000;

/** The report on the page, and what is said about it. */
export class Stage {
  readonly #catalog: Catalog;
  readonly #onChange: (handle: Handle | undefined) => void;
  #handle: Handle | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #since = 0;

  constructor(catalog: Catalog, onChange: (handle: Handle | undefined) => void) {
    this.#catalog = catalog;
    this.#onChange = onChange;
  }

  get handle(): Handle | undefined {
    return this.#handle;
  }

  /** Another dataset is a switch; another report or mode is another embed. */
  show(dynabind: Dynabind, { report, dataset, mode }: Choice): void {
    this.#wait(dataset);
    const { binding } = this.#handle ?? {};
    if (this.#handle?.state !== 'disposed' && binding?.report === report && binding.mode === mode) {
      void this.#handle?.switchDataset(dataset);
      return;
    }
    const title = `${report}, with ${this.#catalog.nameOf(dataset)}`;
    this.#handle = dynabind.embed(at('report'), { report, dataset, mode, title });
    this.#listen(this.#handle);
    this.#onChange(this.#handle);
  }

  switch(dataset: string): void {
    this.#wait(dataset);
    void this.#handle?.switchDataset(dataset);
  }

  leave(text: string): void {
    clearTimeout(this.#patience);
    this.#handle = undefined;
    clearNotice();
    this.#say(text);
    this.#onChange(undefined);
  }

  fail(error: DynabindError): void {
    clearTimeout(this.#patience);
    showError(error);
    this.#say('Something is in the way.');
    log(`${error.message} ${error.remedy}`, 'error');
  }

  #wait(dataset: string): void {
    clearNotice();
    clearTimeout(this.#patience);
    this.#since = performance.now();
    this.#say(`Loading ${this.#catalog.nameOf(dataset)}…`);
    this.#patience = setTimeout(() => {
      if (this.#handle?.state === 'loading' && this.#handle.report) showHostHint();
    }, PATIENCE);
  }

  #listen(handle: Handle): void {
    handle.on('loaded', ({ binding }) => log(`loaded: ${binding.report} with ${binding.dataset}`));
    handle.on('rendered', ({ binding }) => {
      clearTimeout(this.#patience);
      clearNotice();
      if (binding.dataset) this.#catalog.mark(binding.dataset);
      const took = this.#since === 0 ? '' : `, after ${((performance.now() - this.#since) / 1000).toFixed(1)} s`;
      this.#since = 0;
      this.#say(`Showing ${this.#catalog.nameOf(binding.dataset)}${took}.`);
    });
    handle.on('tokenRefreshed', ({ tokenId }) => log(`token renewed, view kept: ${tokenId ?? 'your own token'}`));
    handle.on('error', (error) => {
      this.fail(error);
      // Nothing is shown, so that nothing is chosen, and anything can be.
      if (handle.state === 'error') this.#catalog.mark('');
    });
  }

  #say(text: string): void {
    at('status').textContent = text;
  }
}

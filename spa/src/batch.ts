import type { Api } from './api.js';
import type { Clock } from './clock.js';
import { bindingKey, type Binding, type EmbedConfig } from './contract.js';
import { aborted, DynabindError, mayBeOneOfMany, toDynabindError } from './errors.js';
import type { Lease } from './lease.js';
import type { Leases } from './leases.js';

export interface Grant {
  config: EmbedConfig;
  /** The token of `config`, shared with all that were asked for in the same call. */
  lease: Lease;
}

interface Asker {
  signal: AbortSignal;
  resolve(grant: Grant): void;
  reject(error: DynabindError): void;
}

interface Item {
  binding: Binding;
  askers: Asker[];
}

/** As many bindings as the service takes in one call. */
const MOST_BINDINGS = 50;

/** Joins what a page asks for in the same tick into one call of `/config`, with one token. */
export class ConfigBatcher {
  readonly #api: Api;
  readonly #leases: Leases;
  readonly #clock: Clock;
  #items = new Map<string, Item>();

  constructor(api: Api, leases: Leases, clock: Clock) {
    this.#api = api;
    this.#leases = leases;
    this.#clock = clock;
  }

  ask(binding: Binding, signal: AbortSignal): Promise<Grant> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(aborted());
      signal.addEventListener('abort', () => reject(aborted()), { once: true });
      if (this.#items.size === 0) this.#clock.setTimeout(() => this.#flush(), 0);
      const key = bindingKey(binding);
      const item = this.#items.get(key) ?? { binding, askers: [] };
      item.askers.push({ signal, resolve, reject });
      this.#items.set(key, item);
    });
  }

  #flush(): void {
    const items = [...this.#items.values()];
    this.#items = new Map();
    for (let at = 0; at < items.length; at += MOST_BINDINGS) void this.#run(items.slice(at, at + MOST_BINDINGS));
  }

  async #run(asked: readonly Item[]): Promise<void> {
    const items = asked.filter(isWanted);
    if (items.length === 0) return;
    const controller = new AbortController();
    const abandon = () => items.some(isWanted) || controller.abort();
    for (const { signal } of items.flatMap((item) => item.askers)) signal.addEventListener('abort', abandon);
    try {
      const bindings = items.map((item) => item.binding);
      const answer = await this.#api.config(bindings, controller.signal);
      const lease = this.#leases.open({ ...answer, token: answer.configs[0]?.accessToken ?? '' });
      items.forEach((item, at) => {
        for (const asker of item.askers) asker.resolve({ config: answer.configs[at] as EmbedConfig, lease });
      });
    } catch (cause) {
      await this.#refused(items, toDynabindError(cause));
    } finally {
      for (const { signal } of items.flatMap((item) => item.askers)) signal.removeEventListener('abort', abandon);
    }
  }

  /** One binding that is refused must not take the other reports of the page with it. */
  async #refused(items: readonly Item[], error: DynabindError): Promise<void> {
    if (items.length === 1 || !mayBeOneOfMany(error)) return reject(items, error);
    const named = items.filter((_, at) => error.errors?.some(({ pointer }) => isUnder(pointer, `/bindings/${at}`)));
    if (named.length > 0) {
      reject(named, error);
      return this.#run(items.filter((item) => !named.includes(item)));
    }
    const middle = Math.ceil(items.length / 2);
    await Promise.all([this.#run(items.slice(0, middle)), this.#run(items.slice(middle))]);
  }
}

const isWanted = (item: Item): boolean => item.askers.some(({ signal }) => !signal.aborted);

const isUnder = (pointer: string, parent: string): boolean => pointer === parent || pointer.startsWith(`${parent}/`);

function reject(items: readonly Item[], error: DynabindError): void {
  for (const asker of items.flatMap((item) => item.askers)) asker.reject(error);
}

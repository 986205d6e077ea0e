import type { Api, Token } from './api.js';
import { bindingKey, type Binding, type EmbedConfig } from './contract.js';
import { aborted, DynabindError, toDynabindError } from './errors.js';
import { withLater } from './load.js';

export interface ConfigWithToken {
  config: EmbedConfig;
  /** The token of `config`. All bindings of the same request have the same object. */
  token: Token;
}

export interface Bound {
  readonly binding: Binding;
}

interface Asker extends Bound {
  signal: AbortSignal;
  resolve(answer: ConfigWithToken): void;
  reject(error: DynabindError): void;
}

/** How to send one request for several bindings. */
export interface Work<Item> {
  /** Rejects if the service refuses the request. */
  request(bindings: Binding[], items: Item[]): Promise<void>;
  /** Called for the items that get no answer. */
  refuse(items: Item[], error: DynabindError): void;
}

/** The most bindings that the service accepts in one request. */
export const MOST_BINDINGS = 50;

const isWanted = ({ signal }: Asker): boolean => !signal.aborted;

/** Joins all bindings that a page embeds in the same tick into one request of `/config`, with one token. */
export class ConfigBatcher {
  readonly #api: Api;
  /** Keys of bindings that need a separate request. */
  readonly apart = new Set<string>();
  #askers: Asker[] = [];

  constructor(api: Api) {
    this.#api = api;
  }

  ask(binding: Binding, signal: AbortSignal): Promise<ConfigWithToken> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(aborted()), { once: true });
      if (this.#askers.length === 0) this.#api.options.clock.setTimeout(() => void this.#flush(), 0);
      this.#askers.push({ binding, signal, resolve, reject });
    });
  }

  async #flush(): Promise<void> {
    const askers = this.#askers.filter(isWanted);
    this.#askers = [];
    if (askers.length === 0) return;
    const work: Work<Asker> = {
      request: (bindings, items) => this.#request(bindings, items),
      refuse: (refused, error) => refused.forEach(({ reject }) => reject(error)),
    };
    const bindings = new Map(askers.map(({ binding }) => [bindingKey(binding), binding]));
    let error: DynabindError | undefined;
    if (bindings.size <= MOST_BINDINGS && this.apart.size === 0) {
      try {
        return await this.#request([...bindings.values()], askers);
      } catch (cause) {
        error = toDynabindError(cause);
      }
    }
    withLater((all) => {
      if (all) void all.sendTogether(this.apart, askers, work, error);
      else work.refuse(askers, error ?? new DynabindError('client-missing'));
    });
  }

  async #request(bindings: Binding[], askers: Asker[]): Promise<void> {
    const controller = new AbortController();
    const abandon = () => askers.some(isWanted) || controller.abort();
    abandon();
    for (const { signal } of askers) signal.addEventListener('abort', abandon);
    try {
      const { configs, token } = await this.#api.config(bindings, controller.signal);
      const keys = bindings.map(bindingKey);
      for (const { binding, resolve } of askers) {
        resolve({ config: configs[keys.indexOf(bindingKey(binding))] as EmbedConfig, token });
      }
    } finally {
      for (const { signal } of askers) signal.removeEventListener('abort', abandon);
    }
  }
}

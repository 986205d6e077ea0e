import type { Api } from './api.js';
import type { Clock } from './clock.js';
import { bindingKey, type Binding, type EmbedConfig } from './contract.js';
import { aborted, type DynabindError } from './errors.js';
import type { Renewals } from './renewals.js';
import type { Sharing } from './sharing.js';
import type { SharedToken } from './sharedToken.js';

export interface Grant {
  config: EmbedConfig;
  /** The token of `config`, shared with all bindings of the same call. */
  token: SharedToken;
}

interface Asker {
  binding: Binding;
  signal: AbortSignal;
  resolve(grant: Grant): void;
  reject(error: DynabindError): void;
}

const isWanted = ({ signal }: Asker): boolean => !signal.aborted;

/** Joins what a page embeds in the same tick into one call of `/config`, with one token. */
export class ConfigBatcher {
  readonly #api: Api;
  readonly #renewals: () => Promise<Renewals>;
  readonly #sharing: Sharing;
  readonly #clock: Clock;
  #askers: Asker[] = [];

  constructor(api: Api, renewals: () => Promise<Renewals>, sharing: Sharing, clock: Clock) {
    this.#api = api;
    this.#renewals = renewals;
    this.#sharing = sharing;
    this.#clock = clock;
  }

  ask(binding: Binding, signal: AbortSignal): Promise<Grant> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(aborted()), { once: true });
      if (this.#askers.length === 0) this.#clock.setTimeout(() => this.#flush(), 0);
      this.#askers.push({ binding, signal, resolve, reject });
    });
  }

  #flush(): void {
    const askers = this.#askers.filter(isWanted);
    this.#askers = [];
    void this.#sharing.send(askers, {
      request: (bindings, all) => this.#request(bindings, all),
      refuse: (refused, error) => refused.forEach((asker) => asker.reject(error)),
    });
  }

  async #request(bindings: Binding[], askers: Asker[]): Promise<void> {
    const controller = new AbortController();
    const abandon = () => askers.some(isWanted) || controller.abort();
    abandon();
    for (const { signal } of askers) signal.addEventListener('abort', abandon);
    try {
      const { configs, token } = await this.#api.config(bindings, controller.signal);
      const shared = (await this.#renewals()).open(token);
      const keys = bindings.map(bindingKey);
      for (const { binding, resolve } of askers) {
        resolve({ config: configs[keys.indexOf(bindingKey(binding))] as EmbedConfig, token: shared });
      }
    } finally {
      for (const { signal } of askers) signal.removeEventListener('abort', abandon);
    }
  }
}

import type { EmbedConfig } from '@dynabind/client';

export interface Exchange {
  method: string;
  path: string;
  status: number;
  milliseconds: number;
}

export interface Grant {
  /** Only `/config` gives one. */
  config?: EmbedConfig | undefined;
  accessToken: string;
}

interface Answer {
  configs?: EmbedConfig[];
  token?: string;
}

/** A `fetch` that lets the demo show what goes over the wire. The library does not need it. */
export class Recorder {
  /** Another lifetime is another token: with it, the service cannot answer from its cache. */
  lifetimeMinutes: number | undefined;
  readonly #onExchange: (exchange: Exchange) => void;
  readonly #onGrant: (grant: Grant) => void;

  constructor(onExchange: (exchange: Exchange) => void, onGrant: (grant: Grant) => void) {
    this.#onExchange = onExchange;
    this.#onGrant = onGrant;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const started = performance.now();
    const response = await fetch(input, { ...init, body: this.#withLifetime(init.body) });
    const { pathname, search } = new URL(response.url, location.href);
    const milliseconds = Math.round(performance.now() - started);
    this.#onExchange({ method: init.method ?? 'GET', path: pathname + search, status: response.status, milliseconds });
    if (response.ok && init.method === 'POST') await this.#readGrant(response.clone());
    return response;
  };

  #withLifetime(body: BodyInit | null | undefined): BodyInit | null {
    if (typeof body !== 'string' || this.lifetimeMinutes === undefined) return body ?? null;
    return JSON.stringify({ ...(JSON.parse(body) as object), lifetimeMinutes: this.lifetimeMinutes });
  }

  async #readGrant(response: Response): Promise<void> {
    const { configs, token } = (await response.json()) as Answer;
    const accessToken = token ?? configs?.[0]?.accessToken;
    if (accessToken) this.#onGrant({ config: configs?.[0], accessToken });
  }
}

/** The config for other eyes: a token in a screenshot is a token given away. */
export function masked(config: EmbedConfig): string {
  const accessToken = `${(config.accessToken ?? "").slice(0, 6)}… (${config.accessToken?.length} characters)`;
  return JSON.stringify({ ...config, accessToken }, null, 2);
}

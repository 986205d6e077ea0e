import type { EmbedConfig } from '@dynabind/client';

export interface Exchange {
  method: string;
  path: string;
  status: number;
  milliseconds: number;
  /** Request and answer are texts, with masked tokens. */
  request: string;
  answer: string;
}

interface Answer {
  configs?: EmbedConfig[];
  token?: string;
}

/** A `fetch` that records requests and answers, so that the demo can show them. The client does not need it. */
export class Recorder {
  /** Another lifetime needs another token, so the service cannot answer from its cache. */
  lifetimeMinutes: number | undefined;
  readonly #onExchange: (exchange: Exchange) => void;
  readonly #onToken: (accessToken: string) => void;

  constructor(onExchange: (exchange: Exchange) => void, onToken: (accessToken: string) => void) {
    this.#onExchange = onExchange;
    this.#onToken = onToken;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const started = performance.now();
    const body = this.#withLifetime(init.body);
    const response = await fetch(input, { ...init, body });
    const milliseconds = Math.round(performance.now() - started);
    const { pathname, search, host } = new URL(response.url, location.href);
    const [method, path] = [init.method ?? 'GET', pathname + search];
    const answer = (await response.clone().json().catch(() => ({}))) as Answer;
    const request = [`${method} ${path}`, `Host: ${host}`, 'Authorization: Bearer …', '', pretty(body)].join('\n').trim();
    const { status } = response;
    this.#onExchange({ method, path, status, milliseconds, request, answer: JSON.stringify(masked(answer), null, 2) });
    const token = answer.token ?? answer.configs?.[0]?.accessToken;
    if (token) this.#onToken(token);
    return response;
  };

  #withLifetime(body: BodyInit | null | undefined): string | null {
    if (typeof body !== 'string') return null;
    if (this.lifetimeMinutes === undefined) return body;
    return JSON.stringify({ ...(JSON.parse(body) as object), lifetimeMinutes: this.lifetimeMinutes });
  }
}

const pretty = (body: string | null): string => (body === null ? '' : JSON.stringify(JSON.parse(body), null, 2));

const mask = (token: string): string => `${token.slice(0, 6)}… (${token.length} characters)`;

/** Masks tokens, so that a screenshot of the page does not reveal them. */
function masked({ configs, token, ...rest }: Answer): object {
  const safe = configs?.map((config) => ({ ...config, ...(config.accessToken && { accessToken: mask(config.accessToken) }) }));
  return { ...(safe && { configs: safe }), ...(token && { token: mask(token) }), ...rest };
}

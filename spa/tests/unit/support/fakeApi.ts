import type { Binding } from '@dynabind/client';

export interface SeenCall {
  path: string;
  bindings: Binding[];
  authorization: string | null;
  signal: AbortSignal;
}

type Reply = (call: SeenCall) => Response | Promise<Response>;

const MINUTE = 60_000;

/** The service as a `fetch`: it grants everything, until a test says otherwise. */
export class FakeApi {
  readonly calls: SeenCall[] = [];
  lifetime = 60 * MINUTE;
  /** How far the service's clock is ahead of the page's. */
  skew = 0;
  hidesDate = false;
  latency = 0;
  refused = new Set<string>();
  #next: Reply[] = [];
  #issued = 0;

  /** Answers the next call, once. */
  once(reply: Reply): void {
    this.#next.push(reply);
  }

  to(path: string): SeenCall[] {
    return this.calls.filter((call) => call.path === path);
  }

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const signal = init.signal as AbortSignal;
    const body = init.body ? (JSON.parse(init.body as string) as { bindings: Binding[] }) : { bindings: [] };
    const authorization = new Headers(init.headers).get('authorization');
    const url = new URL(String(input));
    const call = { path: url.pathname + url.search, bindings: body.bindings, authorization, signal };
    this.calls.push(call);
    const reply = this.#next.shift() ?? ((seen) => this.#grant(seen));
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
      const answer = () => Promise.resolve(reply(call)).then(resolve, reject);
      if (this.latency > 0) setTimeout(answer, this.latency);
      else void answer();
    });
  };

  #grant(call: SeenCall): Response {
    if (call.bindings.some(({ dataset }) => this.refused.has(dataset ?? ''))) return problem('not-entitled', 403);
    const token = `token-${++this.#issued}`;
    const life = {
      tokenId: `id-of-${token}`,
      expiration: new Date(Date.now() + this.skew + this.lifetime).toISOString(),
      refreshAfter: new Date(Date.now() + this.skew + this.lifetime - Math.min(10 * MINUTE, this.lifetime / 2)).toISOString(),
    };
    if (call.path === '/token') return this.json({ tokenType: 'Embed', token, ...life });
    if (call.path === '/config') {
      return this.json({ configs: call.bindings.map((binding) => configOf(binding, token)), ...life });
    }
    return this.json({ reports: [], datasets: [] });
  }

  json(body: unknown): Response {
    const date = new Date(Date.now() + this.skew).toUTCString();
    return Response.json(body, { headers: this.hidesDate ? {} : { date } });
  }
}

function configOf({ report, dataset, mode }: Binding, token: string): object {
  const common = { tokenType: 1, accessToken: token, embedUrl: 'https://app.powerbi.com/reportEmbed?reportId=r' };
  if (mode === 'create') return { ...common, type: 'create', datasetId: dataset };
  return { ...common, type: 'report', id: report, permissions: 0, viewMode: 0, datasetBinding: { datasetId: dataset } };
}

export function problem(code: string, status: number, headers: Record<string, string> = {}, more: object = {}): Response {
  return Response.json(
    { type: `urn:dynabind:problem:${code}`, title: code, status, detail: `About ${code}.`, requestId: 'req-1', ...more },
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );
}

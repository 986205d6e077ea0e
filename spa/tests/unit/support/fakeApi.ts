import type { Binding } from '@dynabind/client';

export interface SeenCall {
  path: string;
  method: string;
  bindings: Binding[];
  body: unknown;
  authorization: string | null;
  keepalive: boolean;
  signal: AbortSignal;
}

/** The id that the service has for a name. The same name always has the same id. */
export function idOf(name: string): string {
  const digits = [...name].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  const hex = digits.padStart(32, '0').slice(-32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

type Reply = (call: SeenCall) => Response | Promise<Response>;

const MINUTE = 60_000;

/** The service as a `fetch`. It grants everything, unless a test changes that. */
export class FakeApi {
  readonly calls: SeenCall[] = [];
  lifetime = 60 * MINUTE;
  /** How far the service's clock is ahead of the page's. */
  skew = 0;
  latency = 0;
  refused = new Set<string>();
  /** Bindings over these datasets cannot share a token with others. */
  apart = new Set<string>();
  /** Whether the service behaves as with DYNABIND_USER_TOKEN=page. */
  scopes: string[] | undefined;
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
    const signal = (init.signal ?? new AbortController().signal) as AbortSignal;
    const body = JSON.parse((init.body as string | undefined) ?? '{}') as { bindings?: Binding[] };
    const { method = 'GET', keepalive = false } = init;
    const authorization = new Headers(init.headers).get('authorization');
    const url = new URL(String(input));
    const call = { path: url.pathname + url.search, method, bindings: body.bindings ?? [], body, authorization, keepalive, signal };
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
    if (call.path === '/timings') return new Response(null, { status: 204 });
    if (call.bindings.some(({ dataset }) => this.refused.has(dataset ?? ''))) return problem('not-entitled', 403);
    const conflicts = call.bindings.flatMap(({ dataset }, at) => (this.apart.has(dataset ?? '') ? [at] : []));
    if (call.bindings.length > 1 && conflicts.length > 0) {
      const errors = conflicts.map((at) => ({ pointer: `/bindings/${at}`, detail: 'needs a request of its own' }));
      return problem('bindings-conflict', 400, {}, { errors });
    }
    if (call.path.startsWith('/datasets')) return Response.json({ reports: [], datasets: [] });
    if (this.scopes) {
      return Response.json({ configs: call.bindings.map((binding) => configOf(binding, undefined)), scopes: this.scopes });
    }
    const token = `token-${++this.#issued}`;
    const life = { tokenId: idOf(token), ...this.#life() };
    const headers = { 'apigw-requestid': `request-${this.calls.length}` };
    if (call.path === '/token') return Response.json({ tokenType: 'Embed', token, ...life }, { headers });
    return Response.json({ configs: call.bindings.map((binding) => configOf(binding, token)), ...life }, { headers });
  }

  #life(): object {
    const lifetimeSeconds = this.lifetime / 1000;
    const refreshAfterSeconds = lifetimeSeconds - Math.min(600, lifetimeSeconds / 2);
    const at = (seconds: number) => new Date(Date.now() + this.skew + seconds * 1000).toISOString();
    return { expiration: at(lifetimeSeconds), refreshAfter: at(refreshAfterSeconds), lifetimeSeconds, refreshAfterSeconds };
  }
}

/** A config as openapi.yaml describes it. */
export function configOf({ report = '', dataset = '', mode }: Binding, accessToken: string | undefined): Record<string, unknown> {
  const common = { tokenType: accessToken ? 1 : 0, ...(accessToken && { accessToken }) };
  const datasetId = idOf(dataset);
  const id = idOf(report);
  if (mode === 'create') return { ...common, type: 'create', embedUrl: 'https://app.powerbi.com/reportEmbed', datasetId };
  if (report === 'invoice') {
    const datasetBindings = [{ sourceDatasetId: idOf('own'), targetDatasetId: datasetId }];
    return { ...common, type: 'report', id, embedUrl: `https://app.powerbi.com/rdlEmbed?reportId=${id}`, datasetBindings };
  }
  const edit = mode === 'edit' ? 1 : 0;
  const embedUrl = `https://app.powerbi.com/reportEmbed?reportId=${id}&groupId=${idOf('workspace')}&w=2`;
  return { ...common, type: 'report', id, embedUrl, permissions: edit, viewMode: edit, datasetBinding: { datasetId } };
}

export function problem(code: string, status: number, headers: Record<string, string> = {}, more: object = {}): Response {
  return Response.json(
    { type: `urn:dynabind:problem:${code}`, title: code, status, detail: `About ${code}.`, requestId: 'req-1', ...more },
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );
}

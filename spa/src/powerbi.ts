import type { Embed, service } from 'powerbi-client';
import { DynabindError } from './errors.js';

/** The part of powerbi-client's service that the client uses: the page's own instance, or the package's. */
export type PowerBiService = Pick<service.Service, 'embed' | 'createReport' | 'reset' | 'accessToken'> &
  Partial<Pick<service.Service, 'bootstrap'>>;

type Config = Record<string, unknown> & { accessToken?: string | undefined };
type Handler = (request: unknown, response: unknown) => unknown;

/** Parts of an embed that its types hide: methods whose promises powerbi-client does not handle, and the places of the token. */
export type EmbedInternals = Omit<Embed, 'config'> & {
  load(phased?: boolean): Promise<void>;
  create(): Promise<void>;
  frontLoadSendConfig(config: unknown): Promise<void>;
  validate?(config: unknown): unknown;
  config: Config;
  createConfig?: Config;
};

interface ServiceInternals {
  router?: { post: (url: string, handler: Handler) => unknown };
  wpmp?: { handlers: unknown[] };
}

const isService = (value: unknown): value is PowerBiService => typeof (value as Partial<PowerBiService> | undefined)?.embed === 'function';

/** The page's existing service. It is used if there is one, because each service listens to every message. */
export const serviceOfPage = (): PowerBiService | undefined => (isService(globalThis.window?.powerbi) ? window.powerbi : undefined);

export async function loadPowerBi(): Promise<PowerBiService> {
  let cause: unknown;
  try {
    if (!serviceOfPage()) await import('powerbi-client');
  } catch (failure) {
    cause = failure;
  }
  const service = serviceOfPage();
  if (service) return service;
  throw new DynabindError('client-missing', { cause });
}

/** A copy without a framework's proxies, which cannot be posted to the iframe. Functions are not copied. */
export function plainCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plainCopy) as T;
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainCopy(part)])) as T;
}

/**
 * Collects the routes that powerbi-client adds from now until the returned function is called. The returned function returns
 * another function, which releases these routes.
 *
 * powerbi-client 2.24 adds a route for each report and never removes it. The route keeps the report and its iframe in memory
 * (`service.router.post` in https://github.com/microsoft/PowerBI-JavaScript/blob/master/src/report.ts).
 */
export function collectRoutes(powerbi: PowerBiService): () => () => void {
  const { router, wpmp } = powerbi as unknown as ServiceInternals;
  const handlers = wpmp?.handlers ?? [];
  const before = [...handlers];
  const routed: Handler[] = [];
  const post = router?.post;
  if (post) {
    router.post = (url, handler) => {
      const at = routed.push(handler) - 1;
      return post.call(router, url, (...message) => routed[at]?.(...message));
    };
  }
  return () => {
    if (post) router.post = post;
    const added = handlers.filter((handler) => !before.includes(handler));
    return () => {
      routed.length = 0;
      for (const handler of added.splice(0)) handlers.splice(handlers.indexOf(handler), 1);
    };
  };
}

/** Removes everything that powerbi-client left in the element. It also leaves the iframe of a config that it refused. */
export function clear(powerbi: PowerBiService, element: HTMLElement): void {
  powerbi.reset(element);
  for (const iframe of element.querySelectorAll(':scope > iframe')) iframe.remove();
  forgetToken(powerbi, element);
}

/** Removes the copies of a token that powerbi-client makes in the DOM and in its service. They would outlive the report. */
export function forgetToken(powerbi: PowerBiService, element: HTMLElement): void {
  element.removeAttribute('powerbi-access-token');
  powerbi.accessToken = '';
}

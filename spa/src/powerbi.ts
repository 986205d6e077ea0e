import type { Embed, service } from 'powerbi-client';
import { DynabindError } from './errors.js';
import { powerBiError } from './faults.js';

/** What the client uses of powerbi-client's service: a page's own instance, or the one that the package makes. */
export type PowerBiService = Pick<service.Service, 'embed' | 'createReport' | 'reset' | 'accessToken'>;

type Config = Record<string, unknown> & { accessToken?: string | undefined };
type Handler = (request: unknown, response: unknown) => unknown;

/** Parts of an embed that its types hide: promises that nobody looks at, and the places where it keeps the token. */
export interface Internals {
  load(phased?: boolean): Promise<void>;
  create(): Promise<void>;
  frontLoadSendConfig(config: unknown): Promise<void>;
  config: Config;
  createConfig?: Config;
}

interface ServiceInternals {
  router?: { post: (url: string, handler: Handler) => unknown };
  wpmp?: { handlers: unknown[] };
}

interface Created {
  embed: Embed;
  setTokens(token: string | undefined): void;
  release(): void;
}

const TOKEN_ATTRIBUTE = 'powerbi-access-token';

const isService = (value: unknown): value is PowerBiService =>
  typeof (value as Partial<PowerBiService> | undefined)?.embed === 'function';

/** A page must have one service only, because each listens to every message. So an existing one is used. */
export async function findPowerBi(given: PowerBiService | undefined): Promise<PowerBiService> {
  if (given) return given;
  try {
    if (!isService(window.powerbi)) await import('powerbi-client');
  } catch (cause) {
    throw new DynabindError('client-missing', { cause });
  }
  if (isService(window.powerbi)) return window.powerbi;
  throw new DynabindError('client-missing');
}

/** Data without proxies of a framework, which cannot be posted to the iframe; functions stay as they are. */
export function plainCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plainCopy) as T;
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainCopy(part)])) as T;
}

/** Embeds; `release` gives back what powerbi-client keeps for the report. */
export function create(powerbi: PowerBiService, element: HTMLElement, config: object): Created {
  clear(powerbi, element);
  const own = config as Config;
  const routes = collectRoutes(powerbi as unknown as ServiceInternals);
  try {
    const embed = own.type === 'create' ? powerbi.createReport(element, own as never) : powerbi.embed(element, own as never);
    routes.stop();
    // A Vue proxy around it could not post its config.
    Object.assign(embed, { __v_skip: true });
    const { config: kept, createConfig } = embed as unknown as Internals;
    const places = [own, kept, createConfig];
    const setTokens = (token: string | undefined) => places.forEach((place) => place && (place.accessToken = token));
    return { embed, setTokens, release: routes.release };
  } catch (cause) {
    routes.stop();
    routes.release();
    clear(powerbi, element);
    throw powerBiError('config-refused', cause);
  }
}

/**
 * powerbi-client 2.24 adds a route for each report and never removes it; the route holds the report and its iframe
 * (`service.router.post` in https://github.com/microsoft/PowerBI-JavaScript/blob/master/src/report.ts).
 */
function collectRoutes({ router, wpmp }: ServiceInternals): { stop(): void; release(): void } {
  const handlers = wpmp?.handlers;
  const before = new Set(handlers);
  const routed: { handler: Handler | undefined }[] = [];
  const post = router?.post;
  if (router && post) {
    router.post = (url, handler) => {
      const route: { handler: Handler | undefined } = { handler };
      routed.push(route);
      return post.call(router, url, (request, response) => route.handler?.(request, response));
    };
  }
  let added: unknown[] = [];
  return {
    stop() {
      if (router && post) router.post = post;
      added = handlers?.filter((handler) => !before.has(handler)) ?? [];
    },
    release() {
      for (const route of routed) route.handler = undefined;
      for (const handler of added) handlers?.splice(handlers.indexOf(handler), 1);
      added = [];
    },
  };
}

/** Removes all that powerbi-client left in the element: it keeps the iframe of a config that it refused. */
export function clear(powerbi: PowerBiService, element: HTMLElement): void {
  powerbi.reset(element);
  for (const iframe of element.querySelectorAll(':scope > iframe')) iframe.remove();
  forgetToken(powerbi, element);
}

/** powerbi-client copies each new token into the DOM and into its service, where it outlives the report. */
export function forgetToken(powerbi: PowerBiService, element: HTMLElement): void {
  element.removeAttribute(TOKEN_ATTRIBUTE);
  powerbi.accessToken = '';
}

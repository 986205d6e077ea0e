/** Tells the browser to connect to a host ahead of the first request. `fetch` and an iframe use different connections. */
export function preconnect(url: string, isForFetch = false): void {
  const { document, location } = globalThis;
  if (!document?.head) return;
  const { origin } = new URL(url, location.href);
  if (origin === location.origin || document.querySelector(`link[rel=preconnect][href="${origin}"]`)) return;
  const link = document.createElement('link');
  link.rel = 'preconnect';
  link.href = origin;
  if (isForFetch) link.crossOrigin = '';
  document.head.append(link);
}

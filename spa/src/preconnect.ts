const connected = new Set<string>();

/** Makes the browser connect before the first request: for `fetch` (`crossOrigin` is '') or for an iframe (`null`). */
export function preconnect(href: string, crossOrigin: '' | null): void {
  const head = globalThis.document?.head;
  if (!head || connected.has(href)) return;
  connected.add(href);
  head.append(Object.assign(document.createElement('link'), { rel: 'preconnect', href, crossOrigin }));
}

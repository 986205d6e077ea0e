const EVENTS = ['focus', 'pageshow', 'online'];

/** Calls back whenever the page may have slept: it is looked at again, was restored, or came back online. */
export function onWake(callback: (isOnline: boolean) => void): () => void {
  const woken = (event: Event) => {
    if (document.visibilityState === 'visible' || event.type === 'online') callback(event.type === 'online');
  };
  document.addEventListener('visibilitychange', woken);
  for (const name of EVENTS) window.addEventListener(name, woken);
  return () => {
    document.removeEventListener('visibilitychange', woken);
    for (const name of EVENTS) window.removeEventListener(name, woken);
  };
}

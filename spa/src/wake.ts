const EVENTS = ['focus', 'pageshow', 'online'];

/** Calls back when the page may have slept: when it is visible again, restored, or online again. */
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

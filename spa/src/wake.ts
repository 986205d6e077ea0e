/** Calls back whenever the page may have slept: it is looked at again, was restored, or came back online. */
export function onWake(callback: () => void): () => void {
  const visible = () => document.visibilityState === 'visible' && callback();
  document.addEventListener('visibilitychange', visible);
  window.addEventListener('focus', callback);
  window.addEventListener('pageshow', callback);
  window.addEventListener('online', callback);
  return () => {
    document.removeEventListener('visibilitychange', visible);
    window.removeEventListener('focus', callback);
    window.removeEventListener('pageshow', callback);
    window.removeEventListener('online', callback);
  };
}

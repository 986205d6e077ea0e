/** Calls back once after an element that was in the document has left it for good; moving it within is no leaving. */
export function onRemoval(element: Element, callback: () => void): () => void {
  let wasConnected = element.isConnected;
  const observer = new MutationObserver(() => {
    if (element.isConnected) wasConnected = true;
    else if (wasConnected) leave();
  });
  const leave = () => {
    observer.disconnect();
    callback();
  };
  const roots = new Set([element.ownerDocument, element.getRootNode()]);
  for (const root of roots) observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}

/** The document, and every shadow root between the document and the element. */
function rootsOf(element: Node): Set<Node> {
  const roots = new Set<Node>([element.ownerDocument as Document]);
  for (let node: Node | undefined = element; node; ) {
    const root: Node = node.getRootNode();
    roots.add(root);
    node = (root as Partial<ShadowRoot>).host;
  }
  return roots;
}

export interface RemovalWatch {
  /** Checks again where the element is, because it may have joined the document inside a root that is not observed. */
  update(): void;
  stop(): void;
}

/** Calls back once when an element has left the document. Moving the element does not count. */
export function onRemoval(element: Element, wasConnected: boolean, callback: () => void): RemovalWatch {
  let watched = new Set<Node>();
  const observer = new MutationObserver(() => update());
  const update = () => {
    if (!element.isConnected && wasConnected) {
      observer.disconnect();
      return callback();
    }
    wasConnected = element.isConnected;
    const roots = rootsOf(element);
    if (roots.size === watched.size && [...roots].every((root) => watched.has(root))) return;
    observer.disconnect();
    for (const root of roots) observer.observe(root, { childList: true, subtree: true });
    watched = roots;
  };
  update();
  return { update, stop: () => observer.disconnect() };
}

import { at, h } from './dom.js';

const LONGEST = 60;

/** Newest first, so that one sees what a click did. */
export function log(text: string, kind: 'call' | 'event' | 'error' = 'event'): void {
  const time = new Date().toLocaleTimeString('en-GB');
  const list = at('log');
  list.prepend(h('li', { class: kind }, h('time', {}, time), ` ${text}`));
  while (list.childElementCount > LONGEST) list.lastElementChild?.remove();
}

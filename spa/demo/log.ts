import { at, h } from './dom.js';

const LONGEST = 60;

/** Adds an entry at the top, so that the effect of a click is visible. */
export function log(who: string, text: string, kind: 'call' | 'event' | 'error' = 'event'): void {
  const time = new Date().toLocaleTimeString('en-GB');
  const list = at('log');
  list.hidden = false;
  at('log-empty').hidden = true;
  list.prepend(h('li', { class: kind, 'data-tenant': who }, h('time', {}, time), h('b', {}, ` ${who} `), text));
  while (list.childElementCount > LONGEST) list.lastElementChild?.remove();
}

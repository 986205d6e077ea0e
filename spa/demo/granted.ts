import type { Handle } from '@dynabind/client';
import { tokenInfo, type TokenInfo } from './devstack.js';
import { h } from './dom.js';
import type { Exchange } from './recorder.js';

/** Shows what the service granted: identity and token in one line, request and answer below. */
export class Granted {
  readonly #facts = h('dl', { class: 'facts' });
  readonly #request = wire('Request');
  readonly #answer = wire('Answer');
  readonly #countdown = h('span', { class: 'countdown' });
  readonly #details = h(
    'details',
    { class: 'wire', open: matchMedia('(min-width: 60rem)').matches },
    h('summary', {}, 'Request and answer'),
    h('div', { class: 'wire-parts' }, this.#request.element, this.#answer.element),
  );
  readonly element = h('div', { class: 'granted' }, this.#facts, this.#details);
  #handle: Handle | undefined;
  #info: TokenInfo | undefined;
  #asked = 0;

  constructor() {
    setInterval(() => this.#tick(), 1000);
    this.#draw();
  }

  show(handle: Handle | undefined): void {
    this.#handle = handle;
    if (!handle) this.forget();
    for (const event of ['statechange', 'tokenRefreshed'] as const) handle?.on(event, () => this.#tick());
  }

  take({ request, answer, status }: Exchange): void {
    this.#details.hidden = false;
    this.#request.show(request);
    this.#answer.show(`${status}\n${answer}`);
  }

  async takeToken(accessToken: string): Promise<void> {
    const asked = ++this.#asked;
    const info = await tokenInfo(accessToken);
    if (asked !== this.#asked) return;
    this.#info = info;
    this.#draw();
  }

  forget(): void {
    this.#asked += 1;
    this.#info = undefined;
    this.#draw();
  }

  /** Removes everything of one person before the next one. */
  clear(): void {
    this.forget();
    this.#request.show('');
    this.#answer.show('');
    this.#details.hidden = true;
  }

  #draw(): void {
    this.#facts.replaceChildren(
      ...row('Seen as', this.#info ? identities(this.#info) : '–'),
      ...row('Token opens', this.#info ? opens(this.#info) : '–'),
      ...row('Expires in', this.#countdown),
    );
    this.#tick();
  }

  #tick(): void {
    const { token } = this.#handle?.explain() ?? {};
    const { expiresInSeconds: expires = 0, refreshInSeconds: renewal = 0 } = token ?? {};
    this.#countdown.textContent = token ? `${duration(expires)} (renewed in ${duration(renewal)})` : '–';
  }
}

function row(term: string, description: Node | string): HTMLElement[] {
  return [h('div', {}, h('dt', {}, term), h('dd', {}, description))];
}

function duration(seconds: number): string {
  const left = Math.max(0, seconds);
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

function wire(name: string): { element: HTMLElement; show(text: string): void } {
  const pre = h('pre', { tabindex: '0', 'aria-label': name });
  const copy = h('button', { type: 'button', class: 'small' }, 'Copy');
  copy.setAttribute('aria-label', `Copy the ${name.toLowerCase()}`);
  copy.addEventListener('click', () => {
    void navigator.clipboard.writeText(pre.textContent ?? '').then(
      () => (copy.textContent = 'Copied'),
      () => (copy.textContent = 'Not allowed'),
    );
    setTimeout(() => (copy.textContent = 'Copy'), 2000);
  });
  const element = h('div', { class: 'wire-part' }, h('div', { class: 'wire-head' }, h('h3', {}, name), copy), pre);
  return { element, show: (text) => (pre.textContent = text) };
}

function opens({ reports, datasets }: TokenInfo): string {
  const editing = reports.some(({ allowEdit }) => allowEdit) ? ', for editing' : '';
  return `${count(reports.length, 'report')}, ${count(datasets.length, 'dataset')}${editing}`;
}

const count = (many: number, noun: string): string => `${many} ${noun}${many === 1 ? '' : 's'}`;

function identities({ identities: all }: TokenInfo): string {
  const texts = all.map(({ username, roles, customData }) =>
    [username, roles.length > 0 && `role ${roles.join(', ')}`, customData && `custom data “${customData}”`]
      .filter(Boolean)
      .join(' · '),
  );
  return texts.join('; ') || 'no identity: the same rows for everyone';
}

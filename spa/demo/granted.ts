import type { Handle } from '@dynabind/client';
import type { JumpingClock } from './clock.js';
import { tokenInfo, type TokenInfo } from './devstack.js';
import { at, h } from './dom.js';
import { masked, type Grant } from './recorder.js';

/** What the service granted: token, expiry, identity and the config, with the token masked. */
export class Granted {
  readonly #clock: JumpingClock;
  #handle: Handle | undefined;
  #config = '';
  #info: TokenInfo | undefined;
  #asked = 0;

  constructor(clock: JumpingClock) {
    this.#clock = clock;
    setInterval(() => this.#tick(), 1000);
    this.#draw();
  }

  show(handle: Handle | undefined): void {
    this.#handle = handle;
    if (!handle) this.#forget();
    handle?.on('error', () => {
      if (handle.state !== 'error') return;
      this.#forget();
      this.#draw();
    });
    handle?.on('loaded', () => this.#tick());
    handle?.on('tokenRefreshed', () => this.#tick());
    this.#draw();
  }

  async take({ config, accessToken }: Grant): Promise<void> {
    const asked = ++this.#asked;
    if (config) this.#config = masked(config);
    const info = await tokenInfo(accessToken);
    if (asked !== this.#asked) return;
    this.#info = info;
    this.#draw();
  }

  #forget(): void {
    this.#asked += 1;
    this.#config = '';
    this.#info = undefined;
  }

  #draw(): void {
    if (!this.#handle || this.#config === '') {
      at('granted').replaceChildren(h('p', { class: 'empty' }, 'Nothing yet.'));
      return;
    }
    const isOpen = at('granted').querySelector('details')?.open ?? matchMedia('(min-width: 60rem)').matches;
    at('granted').replaceChildren(
      h(
        'dl',
        {},
        ...row('Token', this.#info?.tokenId ?? '…'),
        ...row('Runs out in', h('span', { id: 'countdown' })),
        ...row('Opens', this.#info ? opens(this.#info) : '…'),
        ...row('Seen as', this.#info ? identities(this.#info) : '…'),
      ),
      h(
        'details',
        { open: isOpen },
        h('summary', {}, 'The embed config'),
        h('pre', { tabindex: '0', 'aria-label': 'The embed config' }, this.#config),
      ),
    );
    this.#tick();
  }

  #tick(): void {
    const countdown = document.getElementById('countdown');
    const token = this.#handle?.token;
    if (!countdown) return;
    if (!token) {
      countdown.textContent = '…';
      return;
    }
    const until = (date: Date) => duration(date.getTime() - this.#clock.now());
    countdown.textContent = `${until(token.expiration)} (renewed in ${until(token.refreshAfter)})`;
  }
}

function row(term: string, description: Node | string): HTMLElement[] {
  return [h('dt', {}, term), h('dd', {}, description)];
}

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function opens({ reports, datasets }: TokenInfo): string {
  const editing = reports.some(({ allowEdit }) => allowEdit) ? ', for editing' : '';
  return `${count(reports.length, 'report')} and ${count(datasets.length, 'dataset')}${editing}`;
}

const count = (many: number, noun: string): string => `${many} ${noun}${many === 1 ? '' : 's'}`;

function identities({ identities: all }: TokenInfo): string {
  const texts = all.map(({ username, roles, customData }) =>
    [username, roles.length > 0 && `role ${roles.join(', ')}`, customData && `custom data “${customData}”`]
      .filter(Boolean)
      .join(' · '),
  );
  return texts.join('; ') || 'nobody in particular: this dataset shows the same rows to everyone';
}

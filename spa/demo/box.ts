import type { DynabindError } from '@dynabind/client';
import { h } from './dom.js';

const COMMAND = [
  'chromium --host-resolver-rules="MAP app.powerbi.com 127.0.0.1"',
  '--ignore-certificate-errors --user-data-dir=$(mktemp -d)',
].join(' ');

/** The place of a report. Its size never changes, because messages are shown inside it. */
export class Box {
  readonly report = h('div', { class: 'report' });
  readonly #overlay = h('div', { class: 'overlay' });
  readonly element = h('div', { class: 'box' }, this.report, this.#overlay);

  clear(): void {
    this.#say('');
  }

  loading(): void {
    const bars = [70, 45, 90, 60].map((height) => h('i', { class: `bar-${height}` }));
    this.#say('loading', h('div', { class: 'skeleton', 'aria-hidden': 'true' }, ...bars));
  }

  /** Shows what to do next when there is no report. */
  empty(...content: (Node | string)[]): void {
    this.#say('empty', h('div', {}, ...content));
  }

  /** Shows an error in plain words. The details for support can be opened. */
  error(error: DynabindError): void {
    const facts = [
      ['Code', error.code],
      ['Status', error.status?.toString()],
      ['Detail', error.detail],
      ['Request id', error.requestId],
      ['Power BI’s request id', error.upstreamRequestId],
    ].flatMap(([term, value]) => (term && value ? [h('dt', {}, term), h('dd', {}, value)] : []));
    const text = h('p', {}, h('strong', {}, error.message), ' ', error.remedy);
    this.#say('error', h('div', { role: 'alert' }, text), h('details', {}, h('summary', {}, 'For support'), h('dl', {}, ...facts)));
  }

  /** powerbi-client embeds only from Microsoft's hosts, so the stand-in must answer under such a name. */
  hostHint(): void {
    this.#say(
      'hint',
      h('div', { role: 'alert' }, h('p', {}, h('strong', {}, 'This browser cannot show the simulated report.'))),
      h(
        'p',
        {},
        'Power BI’s client embeds only from Microsoft’s host names, so the local stack answers as app.powerbi.com. Everything else on this page works. To see the report, run ',
        h('code', {}, 'make browser'),
        ', or open the page with:',
      ),
      h('pre', { tabindex: '0', 'aria-label': 'Command that opens the page' }, `${COMMAND} ${location.origin}`),
    );
  }

  #say(kind: string, ...content: Node[]): void {
    this.#overlay.dataset.kind = kind;
    this.#overlay.hidden = kind === '';
    this.#overlay.replaceChildren(...content);
  }
}

import type { DynabindError } from '@dynabind/client';
import { at, h } from './dom.js';

export function clearNotice(): void {
  at('notice').replaceChildren();
}

/** An error as a person reads it; what support needs is one click away. */
export function showError(error: DynabindError): void {
  const facts = [
    ['Code', error.code],
    ['Status', error.status?.toString()],
    ['Detail', error.detail],
    ['Request id', error.requestId],
    ['Power BI’s request id', error.upstreamRequestId],
  ].flatMap(([term, value]) => (term && value ? [h('dt', {}, term), h('dd', {}, value)] : []));
  at('notice').replaceChildren(
    h('p', {}, h('strong', {}, error.message), ' ', error.remedy),
    h('details', {}, h('summary', {}, 'For support'), h('dl', {}, ...facts)),
  );
}

const COMMAND = [
  'chromium --host-resolver-rules="MAP app.powerbi.com 127.0.0.1"',
  '--ignore-certificate-errors --user-data-dir=$(mktemp -d)',
].join(' ');

/** powerbi-client embeds from Microsoft's hosts only, so the stand-in has to answer under such a name. */
export function showHostHint(): void {
  const command = `${COMMAND} ${location.origin}`;
  at('notice').replaceChildren(
    h('p', {}, h('strong', {}, 'The simulated report does not answer.'), ' This browser reaches the real app.powerbi.com, or none.'),
    h('p', {}, 'Power BI’s client embeds from Microsoft’s host names only, so the local stack answers as app.powerbi.com. Open this page in a Chrome or Chromium that is told so, with ', h('code', {}, 'npm run browser'), ' in the folder spa, or with:'),
    h('pre', { tabindex: '0', 'aria-label': 'Command that opens the page' }, command),
  );
}

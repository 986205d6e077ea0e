import { describe, expect, it, vi } from 'vitest';
import { errorsOf, MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();

describe('dispose', () => {
  it('removes the report, its listeners and its timers', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    handle.dispose();
    handle.dispose();
    expect(handle.state).toBe('disposed');
    expect(element.children).toHaveLength(0);
    expect(embed.config.accessToken).toBeUndefined();
    await pass(100 * MINUTE);
    expect(page.api.calls).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    await expect(handle.switchDataset('b')).rejects.toMatchObject({ code: 'disposed' });
    await expect(handle.refresh()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('leaves no unhandled rejection when its promises are ignored', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const handle = page.dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
    handle.dispose();
    void handle.switchDataset('b');
    void handle.switchReport('b');
    void handle.switchMode('edit');
    void handle.refresh();
    const element = page.element();
    const live = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await show(page, element);
    page.api.once(() => Response.json({}, { status: 502 }));
    void live.refresh();
    await pass(100);
    vi.useRealTimers();
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('aborts the running call, and ignores an answer that still comes', async () => {
    const element = page.element();
    let answer: ((response: Response) => void) | undefined;
    page.api.once(() => new Promise((resolve) => (answer = resolve)));
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const errors = errorsOf(handle);
    await pass(1);
    handle.dispose();
    expect(page.api.calls[0]?.signal.aborted).toBe(true);
    answer?.(Response.json({ configs: [{ accessToken: 'late' }], expiration: '', refreshAfter: '' }));
    await pass(500);
    expect(page.powerbi.all).toHaveLength(0);
    expect(errors).toEqual([]);
    await expect(handle.ready).rejects.toMatchObject({ code: 'disposed' });
  });

  it('does not affect other reports that wait for the same call', async () => {
    const [kept, gone] = [page.element(), page.element()];
    page.api.latency = 50;
    page.dynabind.embed(kept, { report: 'sales', dataset: 'a' });
    const handle = page.dynabind.embed(gone, { report: 'sales', dataset: 'b' });
    await pass(10);
    handle.dispose();
    expect(page.api.calls[0]?.signal.aborted).toBe(false);
    await show(page, kept);
    expect(page.powerbi.all).toHaveLength(1);
    expect(page.api.calls).toHaveLength(1);
  });

  it('makes no call for a report that is disposed in the same tick', async () => {
    page.dynabind.embed(page.element(), { report: 'sales', dataset: 'a' }).dispose();
    await pass(200);
    expect(page.api.calls).toHaveLength(0);
  });

  it('aborts a waiting retry', async () => {
    page.api.once(() => Response.json({}, { status: 503, headers: { 'retry-after': '5' } }));
    const handle = page.dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
    await pass(10);
    handle.dispose();
    await pass(10_000);
    expect(page.api.calls).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not wait for a sign-in that never ends', async () => {
    const dynabind = page.client({ getAccessToken: () => new Promise(() => undefined) });
    const list = expect(dynabind.datasets()).rejects.toMatchObject({ code: 'aborted' });
    await pass(10);
    dynabind.signOut();
    await list;
  });
});

describe('an element that leaves the page', () => {
  it('ends its report', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await show(page, element);
    const errors = errorsOf(handle);
    element.remove();
    await pass(0);
    expect(handle.state).toBe('disposed');
    expect(errors.map(({ code }) => code)).toEqual(['element-removed']);
    await pass(60 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(0);
  });

  it('with an ancestor, before the config arrives, gets no report', async () => {
    const parent = page.element();
    const element = parent.appendChild(document.createElement('div'));
    page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(0);
    parent.remove();
    await pass(500);
    expect(page.powerbi.all.filter((embed) => embed.iframe.isConnected)).toHaveLength(0);
  });

  it('but comes back at once has only been moved', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await show(page, element);
    page.element().append(element);
    await pass(0);
    expect(handle.state).toBe('rendered');
  });

  it('inside nested shadow roots, is noticed when a root in the middle is removed', async () => {
    const outer = page.element().attachShadow({ mode: 'open' });
    const middle = outer.appendChild(document.createElement('div'));
    const inner = middle.attachShadow({ mode: 'open' });
    const host = inner.appendChild(document.createElement('section'));
    const element = host.attachShadow({ mode: 'open' }).appendChild(document.createElement('div'));
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await show(page, element);
    middle.remove();
    await pass(0);
    expect(handle.state).toBe('disposed');
  });

  it('is noticed even if it joined the document inside a shadow root that was not observed', async () => {
    const root = page.element().attachShadow({ mode: 'open' });
    const host = document.createElement('section');
    const element = host.appendChild(document.createElement('div'));
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(0);
    root.append(host);
    await show(page, element);
    host.remove();
    await pass(0);
    expect(handle.state).toBe('disposed');
  });

  it('may join the page after embed()', async () => {
    const element = document.createElement('div');
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(0);
    document.body.append(element);
    await show(page, element);
    expect(handle.state).toBe('rendered');
    element.remove();
    await pass(0);
    expect(handle.state).toBe('disposed');
  });
});

describe('signOut', () => {
  it('removes the token from every place of a report that the page has kept', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    await handle.refresh();
    const kept = handle.report;
    expect(kept).toBe(embed);
    expect(JSON.stringify([embed.config, embed.given])).toContain('token-2');
    page.dynabind.signOut();
    expect(JSON.stringify([embed.config, embed.given, handle.explain()])).not.toContain('token-');
  });

  it('removes everything of the old caller, and the client serves the next one', async () => {
    const element = page.element();
    const first = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await show(page, element);
    await first.refresh();
    page.dynabind.signOut();
    expect(document.body.innerHTML).toBe('<div></div>');
    expect(page.powerbi.accessToken).toBe('');
    expect(first.state).toBe('disposed');
    expect([first.report, first.token]).toEqual([undefined, undefined]);
    const second = page.dynabind.embed(element, { report: 'sales', dataset: 'b' });
    await show(page, element);
    expect(second.state).toBe('rendered');
  });
});

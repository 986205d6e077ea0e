import { observable } from 'mobx';
import { describe, expect, it, vi } from 'vitest';
import { reactive } from 'vue';
import { createDynabind, DynabindError, type DynabindOptions } from '@dynabind/client';
import { idOf, problem } from './support/fakeApi.js';
import { errorsOf, MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();

async function shown(dataset = 'a') {
  const element = page.element();
  const handle = page.dynabind.embed(element, { report: 'sales', dataset });
  return { element, handle, embed: await show(page, element), errors: errorsOf(handle) };
}

describe('wrong use', () => {
  it.each([
    ['apiUrl', { getAccessToken: () => 'x' }],
    ['getAccessToken', { apiUrl: 'https://api.example.com' }],
  ])('throws at once: %s is missing', (name, options) => {
    const make = () => createDynabind(options as unknown as DynabindOptions);
    expect(make).toThrow(DynabindError);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', detail: `${name} is missing.` }));
  });

  it('throws at once: there is no element', () => {
    const embed = () => page.dynabind.embed(document.querySelector('#none') as unknown as HTMLElement, { report: 'sales' });
    expect(embed).toThrow(expect.objectContaining({ code: 'invalid-argument', detail: expect.stringContaining('element') }));
  });

  it('causes a warning: the element has no height', async () => {
    const { element } = await shown();
    expect(console.warn).toHaveBeenCalledWith(expect.stringContaining('no height'), element);
  });
});

describe('a handle', () => {
  it('sends an event for each change of its state', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const seen: string[] = [];
    handle.on('statechange', ({ state, previous }) => seen.push(`${previous} → ${state}`));
    await show(page, element);
    void handle.switchDataset('b');
    page.api.refused.add('b');
    await pass(200);
    handle.dispose();
    expect(seen).toEqual([
      'loading → loaded',
      'loaded → rendered',
      'rendered → loading',
      'loading → error',
      'error → disposed',
    ]);
  });

  it('has the error until the report works again, and says whether it is fatal', async () => {
    const { handle, embed, element, errors } = await shown();
    expect(handle.error).toBeUndefined();
    embed.tokenAnswer = () => Promise.reject({ message: 'PowerBINotAuthorizedException' });
    await handle.refresh().catch(() => undefined);
    expect([handle.state, handle.error?.code, handle.error?.fatal]).toEqual(['rendered', 'token-refused', false]);
    expect(handle.report).toBe(embed);
    embed.tokenAnswer = () => Promise.resolve();
    await handle.refresh();
    expect(handle.error).toBeUndefined();
    page.api.refused.add('b');
    void handle.switchDataset('b');
    await pass(200);
    expect([handle.state, handle.error?.code, handle.error?.fatal]).toEqual(['error', 'not-entitled', true]);
    expect(errors.at(-1)).toBe(handle.error);
    void handle.switchDataset('a');
    expect(handle.error).toBeUndefined();
    await show(page, element);
  });

  it('switches the report, with or without another dataset', async () => {
    const { handle, element } = await shown();
    void handle.switchReport('costs');
    await show(page, element);
    expect(handle.binding).toEqual({ report: 'costs', dataset: 'a', mode: 'view' });
    void handle.switchReport('sales', 'b');
    const embed = await show(page, element);
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('b') });
    expect(embed.iframe.title).toBe('Power BI report sales');
  });

  it('explains itself without a token', async () => {
    const { handle, embed } = await shown();
    await pass(MINUTE);
    embed.emit('error', { message: 'Odd', technicalDetails: { requestId: 'pbi-7' } });
    expect(handle.explain()).toEqual({
      state: 'rendered',
      binding: { report: 'sales', dataset: 'a', mode: 'view' },
      token: { tokenId: idOf('token-1'), tokenType: 'Embed', expiresInSeconds: 59 * 60, refreshInSeconds: 49 * 60 },
      identity: expect.stringContaining('service'),
      problem: expect.objectContaining({ code: 'load-failed', detail: 'Odd', fatal: false }),
      requestId: 'request-1',
      problemRequestId: undefined,
      upstreamRequestId: 'pbi-7',
    });
    page.api.once(() => problem('not-entitled', 403));
    void handle.switchDataset('b');
    await pass(200);
    expect(handle.explain()).toMatchObject({ state: 'error', token: undefined, problemRequestId: 'req-1' });
  });

  it.each([
    ['a Vue proxy', <T extends object>(value: T) => reactive({ value }).value as T],
    ['a MobX store', <T extends object>(value: T) => observable({ value }).value as T],
    ['a MobX map', <T extends object>(value: T) => observable.map({ value }).get('value') as T],
    ['a plain proxy', <T extends object>(value: T) => new Proxy(value, {})],
  ])('works inside %s', async (_, wrap) => {
    const element = page.element();
    const handle = wrap(page.dynabind.embed(element, { report: 'sales', dataset: 'a' }));
    const loaded = vi.fn();
    handle.on('loaded', loaded);
    const embed = await show(page, element);
    await handle.ready;
    expect([handle.state, handle.binding.dataset, handle.token?.tokenId]).toEqual(['rendered', 'a', idOf('token-1')]);
    expect(loaded).toHaveBeenCalledOnce();
    expect(reactive({ report: handle.report }).report).toBe(embed);
    void handle.switchDataset('b');
    await show(page, element);
    handle.dispose();
    expect(handle.state).toBe('disposed');
  });

  it('accepts a config from a MobX store', async () => {
    const element = page.element();
    const config = observable({ settings: { panes: { filters: { visible: false } } } });
    page.dynabind.embed(element, { report: 'sales', dataset: 'a', config });
    const embed = await show(page, element);
    expect(() => structuredClone(embed.config.settings)).not.toThrow();
    expect(embed.config.settings).toEqual({ panes: { filters: { visible: false } } });
  });

  it('accepts a config from a proxy, with event hooks, and does not change the page’s own config', async () => {
    const element = page.element();
    const accessTokenProvider = () => Promise.resolve('user-token');
    const config = { settings: { panes: { filters: { visible: false } } }, eventHooks: { accessTokenProvider } };
    page.dynabind.embed(element, { report: 'sales', dataset: 'a', config: reactive(config) as typeof config });
    const embed = await show(page, element);
    expect(() => structuredClone(embed.config.settings)).not.toThrow();
    expect(embed.config.eventHooks).toEqual({ accessTokenProvider });
    expect(config.settings).toEqual({ panes: { filters: { visible: false } } });
  });
});

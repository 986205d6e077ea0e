import { afterEach, describe, expect, it, vi } from 'vitest';
import { configOf, idOf, problem } from './support/fakeApi.js';
import { errorsOf, pass, show, usePage, type TestPage } from './support/page.js';

const page = usePage();
const API = 'https://api.example.com';
const binding = { report: 'sales', dataset: 'a' };
const urlOf = (report: string) => configOf({ report, dataset: 'a' }, 'x').embedUrl as string;

afterEach(() => {
  vi.restoreAllMocks();
  sessionStorage.clear();
});

/** The page has shown the report before, so that its address is known. */
async function visited(client = page.dynabind): Promise<void> {
  const element = page.element();
  const handle = client.embed(element, binding);
  await show(page, element);
  handle.dispose();
  element.remove();
  await pass(200);
}

/** Holds the next answer of `/config` until the test releases one. */
function heldConfig(test: TestPage): (response: Response) => void {
  let release: ((response: Response) => void) | undefined;
  test.api.once(() => new Promise((resolve) => (release = resolve)));
  return (response) => release?.(response);
}

const answer = (changes: object = {}) =>
  Response.json({ configs: [{ ...configOf(binding, 'held-token'), ...changes }], lifetimeSeconds: 3600, refreshAfterSeconds: 3000 });

describe('the iframe of a report whose address is known', () => {
  it('starts in the same task as embed(), without token and dataset, and is not loaded twice', async () => {
    await visited();
    const release = heldConfig(page);
    const element = page.element();
    const handle = page.dynabind.embed(element, { ...binding, config: { settings: { background: 1 } } });
    expect(element.querySelectorAll('iframe')).toHaveLength(1);
    const embed = page.powerbi.on(element);
    expect(embed.given).toEqual({ type: 'report', embedUrl: urlOf('sales'), settings: { background: 1 } });
    expect(embed.iframe.title).toBe('Power BI report sales');
    expect(handle.report).toBeUndefined();
    await pass(50);
    embed.iframeReady();
    await pass(50);
    expect(embed.loads).toEqual([]);
    release(answer());
    await pass(0);
    expect(page.powerbi.on(element)).toBe(embed);
    expect(handle.report).toBe(embed);
    expect(embed.loads).toEqual([{ accessToken: 'held-token', datasetId: idOf('a') }]);
    embed.emit('loaded');
    embed.emit('rendered');
    await handle.ready;
    expect(handle.state).toBe('rendered');
    handle.dispose();
    expect(JSON.stringify([embed.config, embed.given])).not.toContain('held-token');
  });

  it('loads only once if the config is faster than the iframe', async () => {
    await visited();
    const element = page.element();
    page.dynabind.embed(element, binding);
    await pass(100);
    const embed = page.powerbi.on(element);
    expect(embed.loads).toEqual([]);
    embed.iframeReady();
    await pass(0);
    expect(embed.loads.map(({ datasetId }) => datasetId)).toEqual([idOf('a')]);
    expect(page.powerbi.bootstrap).toHaveBeenCalledOnce();
  });

  it('is removed when the request is refused, and gets no data or token', async () => {
    await visited();
    const element = page.element();
    page.api.once(() => problem('not-entitled', 403));
    const handle = page.dynabind.embed(element, binding);
    const errors = errorsOf(handle);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await pass(10);
    expect(element.children).toHaveLength(0);
    expect(embed.loads).toEqual([]);
    expect(embed.config.accessToken).toBeUndefined();
    expect(errors.map(({ code }) => code)).toEqual(['not-entitled']);
  });

  it.each([
    ['no binding', { datasetBinding: undefined }],
    ['another dataset', { datasetBinding: {} }],
    ['another report', { id: idOf('costs') }],
    ['a foreign address', { embedUrl: 'https://example.org/reportEmbed' }],
  ])('is removed when the answer does not match the request: %s', async (_, changes) => {
    await visited();
    const element = page.element();
    page.api.once(() => answer(changes));
    const handle = page.dynabind.embed(element, binding);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await pass(10);
    expect(element.children).toHaveLength(0);
    expect([embed.loads, embed.config.accessToken]).toEqual([[], undefined]);
    expect(handle.error?.code).toBe('unexpected-answer');
  });

  it('is replaced when the address of the report has changed', async () => {
    await visited();
    const element = page.element();
    const moved = urlOf('sales').replace('app.powerbi.com', 'eu.powerbi.com');
    page.api.once(() => answer({ embedUrl: moved }));
    page.dynabind.embed(element, binding);
    const first = page.powerbi.on(element);
    first.iframeReady();
    await pass(200);
    const second = page.powerbi.on(element);
    expect(second).not.toBe(first);
    expect(second.src).toBe(moved);
    expect([first.loads, first.iframe.isConnected]).toEqual([[], false]);
    second.iframeReady();
    await pass(0);
    expect(second.loads).toHaveLength(1);
    expect(element.children).toHaveLength(1);
  });

  it('is removed when powerbi-client does not accept the config', async () => {
    await visited();
    const element = page.element();
    const handle = page.dynabind.embed(element, binding);
    page.powerbi.on(element).validate = () => [{ message: 'filters property is invalid' }];
    await pass(10);
    expect(handle.error).toMatchObject({ code: 'config-refused', detail: 'filters property is invalid' });
    expect(element.children).toHaveLength(0);
  });

  it('is removed by dispose(), and by a switch, before the config arrives', async () => {
    await visited();
    const element = page.element();
    heldConfig(page);
    const handle = page.dynabind.embed(element, binding);
    await pass(1);
    void handle.switchDataset('b');
    expect(element.children).toHaveLength(0);
    await pass(130);
    expect(element.children).toHaveLength(1);
    handle.dispose();
    expect(element.children).toHaveLength(0);
  });

  it('starts after a switch, in a later task than the one that removes the old data', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, binding);
    await show(page, element);
    await pass(200);
    heldConfig(page);
    void handle.switchDataset('b');
    expect(element.children).toHaveLength(0);
    await pass(0);
    expect(page.powerbi.bootstrap).toHaveBeenCalledOnce();
    expect(page.powerbi.on(element).config.datasetBinding).toBeUndefined();
  });
});

describe('no iframe is started early', () => {
  it('for a report that was not shown before', () => {
    const element = page.element();
    page.dynabind.embed(element, binding);
    expect(element.children).toHaveLength(0);
  });

  it.each([
    ['a paginated report', { report: 'invoice', dataset: 'a' }],
    ['a new report', { report: 'sales', dataset: 'a', mode: 'create' as const }],
    ['event hooks, which change the address', { ...binding, config: { eventHooks: { applicationContextProvider: () => ({}) } } }],
  ])('for %s', async (_, options) => {
    await visited();
    const first = page.element();
    page.dynabind.embed(first, { report: 'invoice', dataset: 'a' });
    await pass(200);
    page.powerbi.bootstrap.mockClear();
    page.dynabind.embed(page.element(), options as never);
    await pass(200);
    expect(page.powerbi.bootstrap).not.toHaveBeenCalled();
  });

  it('with a powerbi-client that has no bootstrap()', async () => {
    const service = { ...page.powerbi.asService(), bootstrap: undefined } as never;
    const client = page.client({ powerbi: service });
    await visited(client);
    const element = page.element();
    client.embed(element, binding);
    expect(element.children).toHaveLength(0);
    await show(page, element);
    client.dispose();
  });
});

describe('embed addresses', () => {
  it('are forgotten when the page loads again', async () => {
    await visited();
    expect(sessionStorage).toHaveLength(0);
    const element = page.element();
    page.client().embed(element, binding).dispose();
    expect(page.powerbi.bootstrap).not.toHaveBeenCalled();
  });

  it('are kept for the tab with rememberEmbedUrls, without any token, until the user signs out', async () => {
    const client = page.client({ rememberEmbedUrls: true });
    await visited(client);
    expect(JSON.parse(sessionStorage.getItem(`dynabind ${API}`) as string)).toEqual({ sales: urlOf('sales') });
    expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain('token-');
    const next = page.client({ rememberEmbedUrls: true });
    const element = page.element();
    next.embed(element, binding);
    expect(page.powerbi.on(element).src).toBe(urlOf('sales'));
    next.signOut();
    expect(sessionStorage).toHaveLength(0);
    next.embed(element, binding);
    expect(element.children).toHaveLength(0);
    next.dispose();
    client.dispose();
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a foreign address', JSON.stringify({ sales: 'https://example.org/reportEmbed' })],
    ['a script', JSON.stringify({ sales: 'javascript:alert(1)' })],
    ['a number', JSON.stringify({ sales: 7 })],
  ])('are ignored if the storage has %s', async (_, value) => {
    sessionStorage.setItem(`dynabind ${API}`, value);
    const client = page.client({ rememberEmbedUrls: true });
    const element = page.element();
    client.embed(element, binding);
    expect(element.children).toHaveLength(0);
    await show(page, element);
    client.dispose();
  });

  it('work without the storage if it is forbidden', async () => {
    vi.spyOn(globalThis, 'sessionStorage', 'get').mockImplementation(() => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    });
    const client = page.client({ rememberEmbedUrls: true });
    await visited(client);
    const element = page.element();
    client.embed(element, binding);
    expect(page.powerbi.bootstrap).toHaveBeenCalledOnce();
    client.dispose();
  });
});

it('1,000 random switches show no frame of wrong data', async () => {
  const element = page.element();
  const handle = page.dynabind.embed(element, binding);
  await show(page, element);
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const isShown = new Map<object, string>();
  for (let n = 0; n < 1000; n++) {
    page.api.latency = [0, 10, 150, 400][random(4)] as number;
    const dataset = `d${random(5)}`;
    if (random(10) === 0) page.api.once(() => problem('not-entitled', 403));
    if (random(3) === 0) void handle.switchReport(`r${random(3)}`, dataset);
    else void handle.switchDataset(dataset);
    expect(element.children, 'the old data disappears first').toHaveLength(0);
    await vi.advanceTimersByTimeAsync([0, 1, 5, 60, 130, 700][random(6)] as number);
    const recent = page.powerbi.all.slice(-4);
    for (const embed of recent) {
      if (!embed.isIframeReady && embed.iframe.isConnected && random(2) === 0) embed.iframeReady();
    }
    await vi.advanceTimersByTimeAsync(0);
    const connected = recent.filter(({ iframe }) => iframe.isConnected);
    expect(connected).toHaveLength(element.children.length);
    expect(connected.length).toBeLessThanOrEqual(1);
    for (const { loads, src } of connected) {
      expect(src).toBe(urlOf(handle.binding.report as string));
      for (const { datasetId } of loads) expect(datasetId).toBe(idOf(handle.binding.dataset as string));
      if (loads.length > 0) isShown.set(loads, handle.binding.dataset as string);
      expect(loads.length).toBeLessThanOrEqual(1);
    }
  }
  expect(isShown.size).toBeGreaterThan(50);
  expect(page.powerbi.bootstrap.mock.calls.length).toBeGreaterThan(100);
}, 60_000);

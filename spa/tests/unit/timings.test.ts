import { describe, expect, it, vi } from 'vitest';
import type { Handle, Timings } from '@dynabind/client';
import { problem, type FakeApi } from './support/fakeApi.js';
import { pass, usePage } from './support/page.js';

const page = usePage();
const sales = { report: 'sales', dataset: 'a' };

/** Config after 300 ms, loaded after 340 ms more, rendered after another 210 ms. */
async function rendered(element: HTMLElement): Promise<void> {
  await pass(300);
  const embed = page.powerbi.on(element);
  embed.iframeReady();
  await pass(340);
  embed.emit('loaded');
  await pass(210);
  embed.emit('rendered');
  await pass(0);
}

async function shown(client = page.dynabind, options: object = sales) {
  page.api.latency = 300;
  const element = page.element();
  const handle = client.embed(element, options);
  const seen: Timings[] = [];
  handle.on('timings', (timings) => seen.push(timings));
  await rendered(element);
  return { element, handle, seen };
}

describe('the times of an embed', () => {
  it('are measured from embed() to rendered, and are one event', async () => {
    const measure = vi.spyOn(performance, 'measure');
    const { element, handle, seen } = await shown();
    const times = { configMs: 300, loadedMs: 640, renderedMs: 850 };
    const binding = { ...sales, mode: 'view' };
    expect(handle.timings).toEqual({ binding, startedAt: expect.any(Number), outcome: 'rendered', ...times });
    page.powerbi.on(element).emit('rendered');
    expect(seen).toEqual([handle.timings]);
    const start = handle.timings.startedAt;
    expect(measure.mock.calls).toEqual([
      ['dynabind:sales:config', { start, end: start + 300, detail: binding }],
      ['dynabind:sales:loaded', { start, end: start + 640, detail: binding }],
      ['dynabind:sales:rendered', { start, end: start + 850, detail: binding }],
    ]);
  });

  it('start again with a switch', async () => {
    const { element, handle, seen } = await shown();
    await pass(5000);
    void handle.switchDataset('b');
    expect(handle.timings).toEqual({ binding: { ...sales, dataset: 'b', mode: 'view' }, startedAt: expect.any(Number) });
    await rendered(element);
    expect(seen.map(({ binding, renderedMs }) => [binding.dataset, renderedMs])).toEqual([['a', 850], ['b', 850]]);
  });

  it('have the outcome failed after a refusal', async () => {
    page.api.refused.add('b');
    const { handle, seen } = await shown();
    void handle.switchDataset('b');
    await pass(400);
    expect(seen.at(-1)).toMatchObject({ outcome: 'failed' });
    expect(Object.keys(seen.at(-1) as Timings).sort()).toEqual(['binding', 'outcome', 'startedAt']);
  });
});

const sent = (api: FakeApi) => api.to('/timings').map(({ body }) => body);

describe('POST /timings', () => {
  it('is not called without reportTimings', async () => {
    await shown();
    await pass(60_000);
    expect(page.api.to('/timings')).toEqual([]);
  });

  it('gets report, outcome and milliseconds, and nothing else', async () => {
    const client = page.client({ reportTimings: true });
    const { handle } = await shown(client);
    page.api.latency = 0;
    page.api.refused.add('b');
    void handle.switchDataset('b');
    await pass(9_000);
    expect(page.api.to('/timings')).toEqual([]);
    await pass(2_000);
    expect(sent(page.api)).toEqual([
      {
        timings: [
          { report: 'sales', outcome: 'rendered', configMs: 300, loadedMs: 640, renderedMs: 850 },
          { report: 'sales', outcome: 'failed' },
        ],
      },
    ]);
    const [request] = page.api.to('/timings');
    expect(request).toMatchObject({ method: 'POST', authorization: 'Bearer caller-token', keepalive: true });
    await pass(60_000);
    expect(sent(page.api)).toHaveLength(1);
    client.dispose();
  });

  it('is called at most every 10 s, with at most 50 embeds and 8 KiB', async () => {
    const client = page.client({ reportTimings: true });
    const handles: Handle[] = [];
    const long = 'x'.repeat(120);
    for (let n = 0; n < 70; n++) handles.push(client.embed(page.element(), { report: `${n < 60 ? '' : long}r${n}`, dataset: 'a' }));
    await pass(0);
    for (const embed of page.powerbi.all) embed.emit('rendered');
    const times: number[] = [];
    for (let second = 0; second < 40; second += 2) {
      const before = sent(page.api).length;
      await pass(2000);
      for (let n = before; n < sent(page.api).length; n++) times.push(second);
    }
    const bodies = sent(page.api) as { timings: { report: string }[] }[];
    expect(bodies.flatMap(({ timings }) => timings)).toHaveLength(70);
    for (const body of bodies) {
      expect(body.timings.length).toBeLessThanOrEqual(50);
      expect(JSON.stringify(body).length).toBeLessThanOrEqual(8192);
    }
    expect(Math.min(...times.slice(1).map((time, at) => time - (times[at] as number)))).toBeGreaterThanOrEqual(10);
    client.dispose();
  }, 30_000);

  it('is called at once when the user leaves the page', async () => {
    const client = page.client({ reportTimings: true });
    await shown(client);
    await pass(10);
    window.dispatchEvent(new Event('pagehide'));
    expect(page.api.to('/timings')).toHaveLength(1);
    await pass(60_000);
    expect(page.api.to('/timings')).toHaveLength(1);
    client.dispose();
  });

  it('may fail without affecting the page', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const client = page.client({ reportTimings: true });
    const { handle } = await shown(client);
    page.api.once(() => problem('internal', 500));
    await pass(20_000);
    expect(page.api.to('/timings')).toHaveLength(1);
    expect([handle.state, handle.error]).toEqual(['rendered', undefined]);
    const second = client.embed(page.element(), sales);
    await pass(400);
    page.api.once(() => Promise.reject(new TypeError('Failed to fetch')));
    page.powerbi.all.at(-1)?.emit('rendered');
    await pass(20_000);
    expect([second.state, page.api.to('/timings').length]).toEqual(['rendered', 2]);
    vi.useRealTimers();
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    client.dispose();
  });

  it('gets no times of a new report, and none after the sign-out', async () => {
    const client = page.client({ reportTimings: true });
    await shown(client, { dataset: 'a', mode: 'create' });
    await pass(20_000);
    await shown(client);
    client.signOut();
    await pass(20_000);
    expect(page.api.to('/timings')).toEqual([]);
    client.dispose();
  });
});

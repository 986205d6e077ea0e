import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const sales = { report: 'sales', dataset: 'contoso-sales' };

/** The content of the page’s JavaScript heap, as text. */
async function heapOf(page) {
  const session = await page.context().newCDPSession(page);
  const chunks = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return chunks.join('');
}

describe('after signing out', () => {
  it('neither a report that the page has kept nor the heap contains a token', async () => {
    const { page, shows } = await suite.open('ana@contoso');
    const bodies = [];
    page.on('response', (response) => {
      const asks = response.request().method() === 'POST' && /\/(config|token)$/.test(response.url());
      if (asks) bodies.push(response.json());
    });
    await page.evaluate(async (binding) => {
      window.harness.keepsConfigs = false;
      await window.harness.embed(0, binding).ready;
      window.kept = window.harness.handles[0].report;
    }, sales);
    await shows('Contoso sales');
    await page.evaluate(() => {
      window.harness.pastTheCache();
      return window.harness.handles[0].refresh();
    });
    const tokens = (await Promise.all(bodies)).map((body) => body.token ?? body.configs[0].accessToken);
    assert.equal(tokens.length, 2);
    const before = await heapOf(page);
    assert.ok(before.includes(tokens[1].slice(0, 60)), 'the snapshot shows a token that is in use');
    const places = await page.evaluate(() => {
      window.harness.dynabind.signOut();
      const { config, bookmarksManager } = window.kept;
      return [config.accessToken, bookmarksManager.config.accessToken, window.harness.handles[0].report];
    });
    assert.deepEqual(places, [undefined, undefined, undefined]);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    const after = await heapOf(page);
    for (const token of tokens) assert.ok(!after.includes(token.slice(0, 60)), 'the heap still contains a token');
  });
});

describe('after many reports', () => {
  it('powerbi-client keeps no listener, route or iframe of removed reports', async () => {
    const { page } = await suite.open('ana@contoso');
    const counts = await page.evaluate(async (binding) => {
      const seen = [];
      for (let n = 0; n < 5; n++) {
        await window.harness.embed(0, binding).ready;
        window.harness.frames ??= [];
        window.harness.frames.push(new WeakRef(document.querySelector('iframe')));
        window.harness.handles[0].dispose();
        window.harness.handles[0] = undefined;
        seen.push(window.powerbi.wpmp.handlers.length);
      }
      return seen;
    }, sales);
    assert.deepEqual(new Set(counts).size, 1);
    const session = await page.context().newCDPSession(page);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    await session.send('HeapProfiler.collectGarbage');
    const alive = await page.evaluate(() => window.harness.frames.filter((frame) => frame.deref()).length);
    assert.ok(alive <= 1, `${alive} iframes are still held`);
  });
});

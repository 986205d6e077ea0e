import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const HOUR = 60 * 60_000;

async function opened(...datasets) {
  const harness = await suite.open('ana@contoso');
  await harness.page.evaluate((keys) => {
    window.harness.pastTheCache();
    const handles = keys.map((dataset, n) => window.harness.embed(n, { report: 'sales', dataset }));
    return Promise.all(handles.map((handle) => handle.ready));
  }, datasets);
  return harness;
}

const marks = (report) => report.locator('body').evaluate(({ dataset }) => ({ ...dataset }));
const took = (report, tokens) => report.locator(`body[data-tokens="${tokens}"]`).waitFor();

describe('renewing the token', () => {
  it('keeps the iframe and the page that the viewer is on', async () => {
    const { page, shows, to, faults } = await opened('contoso-sales');
    const report = await shows('Contoso sales');
    await report.getByRole('button', { name: 'Details' }).click();
    await report.locator('body[data-page=details]').waitFor();
    const before = await marks(report);
    await page.evaluate(() => {
      window.harness.pastTheCache();
      return window.harness.handles[0].refresh();
    });
    await took(report, 1);
    assert.deepEqual(await marks(report), { ...before, tokens: '1' });
    assert.equal(to('/token').length, 1);
    assert.equal(to('/config').length, 1);
    assert.equal(await page.locator('[powerbi-access-token]').count(), 0);
    assert.deepEqual(faults, []);
  });

  it('happens automatically when it is due, with one call for all reports of the page', async () => {
    const { page, report, to } = await opened('contoso-sales', 'contoso-plan');
    const before = await Promise.all([0, 1].map((n) => marks(report(n))));
    await page.evaluate(() => {
      window.harness.pastTheCache();
      const { refreshAfter } = window.harness.handles[0].token;
      window.harness.sleep(refreshAfter.getTime() - Date.now() + 1000);
    });
    await Promise.all([0, 1].map((n) => took(report(n), 1)));
    const after = await Promise.all([0, 1].map((n) => marks(report(n))));
    assert.deepEqual(after, before.map((mark) => ({ ...mark, tokens: '1' })));
    assert.equal(to('/token').length, 1);
    assert.equal(to('/token')[0].body.bindings.length, 2);
  });

  it('keeps the view if the token expired in a sleep and the report has not noticed', async () => {
    const { page, shows, to, faults } = await opened('contoso-sales');
    const report = await shows('Contoso sales');
    const before = await marks(report);
    await suite.stack.control('POST', '/dev/expire-tokens', { kind: 'embed' });
    await page.evaluate((hour) => {
      window.harness.pastTheCache();
      window.harness.sleep(hour);
      window.dispatchEvent(new Event('focus'));
      document.dispatchEvent(new Event('visibilitychange'));
    }, 2 * HOUR);
    await took(report, 1);
    assert.deepEqual(await marks(report), { ...before, tokens: '1' });
    assert.equal(await page.evaluate(() => window.harness.handles[0].state), 'rendered');
    assert.deepEqual([to('/token').length, to('/config').length], [1, 1]);
    assert.deepEqual(await page.evaluate(() => window.harness.errors), []);
    assert.deepEqual(faults, []);
  });

  it('reloads once if the report notices that its token has expired', async () => {
    const { page, shows, to } = await opened('contoso-sales');
    const report = await shows('Contoso sales');
    await suite.stack.control('POST', '/dev/expire-tokens', { kind: 'embed' });
    await page.evaluate(() => window.harness.pastTheCache());
    await report.getByRole('button', { name: 'Details' }).click();
    await report.locator('body[data-loads="2"][data-state=loaded]').waitFor();
    assert.equal(to('/token').length, 1);
    assert.deepEqual(await page.evaluate(() => window.harness.errors), []);
  });

  it('reports an error if the renewed token has expired too', async () => {
    const { page, report } = await opened('contoso-sales');
    // Tokens that the service has returned for renewals stay in its cache, because it does not know of the expiry.
    await page.evaluate(() => window.harness.handles[0].refresh());
    await suite.stack.control('POST', '/dev/expire-tokens', { kind: 'embed' });
    await report(0).getByRole('button', { name: 'Details' }).click();
    await page.waitForFunction(() => window.harness.handles[0].state === 'error');
    const codes = await page.evaluate(() => window.harness.errors.map(({ code }) => code));
    assert.deepEqual(codes, ['token-expired']);
  });
});

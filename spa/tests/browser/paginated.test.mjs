import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();

async function opened(config = {}) {
  const harness = await suite.open('pia@contoso');
  await harness.page.evaluate((options) => window.harness.embed(0, { report: 'invoices', dataset: 'contoso-plan', config: options }).ready, config);
  const report = await harness.shows('Contoso plan');
  return { ...harness, report };
}

describe('a paginated report', () => {
  it('is shown over the bound dataset, although it sends no events', async () => {
    const { page, faults } = await opened();
    assert.deepEqual(await page.evaluate(() => [window.harness.handles[0].state, window.harness.events]), ['loaded', ['loaded']]);
    assert.deepEqual(faults, []);
  });

  it('gets the page’s parameters, and no setting that prevents its load', async () => {
    const { report } = await opened({
      settings: { panes: { bookmarks: { visible: true } }, background: 0 },
      parameterValues: [{ name: 'Year', value: '2026' }],
    });
    assert.equal(await report.locator('body').getAttribute('data-parameters'), '[{"name":"Year","value":"2026"}]');
  });

  it('is loaded again with the renewed token', async () => {
    const { page, report, to, faults } = await opened();
    await page.evaluate(() => {
      window.harness.pastTheCache();
      return window.harness.handles[0].refresh();
    });
    await report.locator('body[data-loads="2"][data-state=loaded]').waitFor();
    assert.equal(to('/token').length, 1);
    assert.equal(await report.locator('body').getAttribute('data-tokens'), null);
    assert.deepEqual(await page.evaluate(() => [window.harness.handles[0].state, window.harness.errors]), ['loaded', []]);
    assert.deepEqual(faults, []);
  });
});

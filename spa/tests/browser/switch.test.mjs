import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();

async function opened() {
  const harness = await suite.open('ana@contoso');
  await harness.page.evaluate(() => window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' }).ready);
  await harness.shows('Contoso sales');
  return harness;
}

describe('switching the dataset', () => {
  it('removes the old data at once and shows the new data', async () => {
    const { page, shows, faults } = await opened();
    const between = await page.evaluate(() => {
      void window.harness.handles[0].switchDataset('contoso-plan');
      return document.getElementById('r0').childElementCount;
    });
    assert.equal(between, 0);
    await shows('Contoso plan');
    assert.deepEqual(faults, []);
  });

  it('ends with the last of twenty quick switches, in one element with one iframe', async () => {
    const { page, shows, faults, to } = await opened();
    await page.evaluate(() => {
      const switches = Array.from({ length: 20 }, (_, n) =>
        window.harness.handles[0].switchDataset(n % 2 ? 'contoso-plan' : 'contoso-sales'),
      );
      return Promise.all(switches);
    });
    await shows('Contoso plan');
    assert.equal(await page.locator('#r0 iframe').count(), 1);
    assert.equal(to('/config').length, 2);
    assert.deepEqual(faults, []);
  });

  for (const gap of [5, 40, 90, 130]) {
    it(`ends with the last of eight switches that come ${gap} ms apart`, async () => {
      const { page, shows, faults } = await opened();
      await page.evaluate(async (milliseconds) => {
        let last;
        for (let n = 0; n < 8; n++) {
          last = window.harness.handles[0].switchDataset(n % 2 ? 'contoso-plan' : 'contoso-sales');
          await new Promise((resolve) => setTimeout(resolve, milliseconds));
        }
        await last;
      }, gap);
      const report = await shows('Contoso plan');
      assert.match(await report.locator('svg').getAttribute('aria-label'), /^Contoso plan: Q1 90/);
      assert.equal(await page.locator('#r0 iframe').count(), 1);
      assert.deepEqual(faults, []);
    });
  }

  it('shows nothing of the old data when the new dataset is refused, and can go back', async () => {
    const { page, shows } = await opened();
    const code = await page.evaluate(() =>
      window.harness.handles[0].switchDataset('fabrikam-sales').catch((error) => error.code),
    );
    assert.equal(code, 'not-entitled');
    assert.equal(await page.locator('#r0 iframe').count(), 0);
    await page.evaluate(() => window.harness.handles[0].switchDataset('contoso-sales'));
    await shows('Contoso sales');
  });

  it('uses the answer of the last switch, even if the answer of an earlier one comes later', async () => {
    const { page, shows } = await opened();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    let answered;
    await page.route(`${suite.stack.url}/config`, async (route) => {
      if (!route.request().postData().includes('contoso-sales')) return route.continue();
      const response = await route.fetch();
      await held;
      answered = route.fulfill({ response }).catch(() => 'aborted');
    });
    const slow = page.waitForRequest(`${suite.stack.url}/config`);
    await page.evaluate(() => void window.harness.handles[0].switchDataset('contoso-sales'));
    await slow;
    await page.evaluate(() => window.harness.handles[0].switchDataset('contoso-plan'));
    release();
    await held;
    await answered;
    await shows('Contoso plan');
  });
});

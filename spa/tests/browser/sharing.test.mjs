import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const asked = (calls) => calls.map(({ body }) => body.bindings.map(({ mode, dataset }) => `${mode} ${dataset}`));

describe('reports that cannot share a token', () => {
  it('get separate tokens without an error, with as few requests as possible', async () => {
    const { page, to, shows, faults } = await suite.open('pia@contoso');
    await page.evaluate(() =>
      Promise.all(
        [
          { report: 'sales', dataset: 'contoso-sales' },
          // The shared token would allow the page to save a new report over contoso-sales, which is granted only for viewing.
          { dataset: 'contoso-plan', mode: 'create' },
          { report: 'sales', dataset: 'contoso-plan' },
        ].map((options, n) => window.harness.embed(n, options).ready),
      ),
    );
    await shows('Contoso sales', 0);
    await shows('Contoso plan', 2);
    const [first, ...others] = asked(to('/config'));
    assert.equal(first.length, 3);
    assert.deepEqual(others.sort(), [['create contoso-plan'], ['view contoso-sales', 'view contoso-plan']]);
    await page.evaluate(() => {
      window.harness.pastTheCache();
      return Promise.all(window.harness.handles.map((handle) => handle.refresh()));
    });
    assert.deepEqual(asked(to('/token')).sort(), [['create contoso-plan'], ['view contoso-sales', 'view contoso-plan']]);
    assert.deepEqual(await page.evaluate(() => window.harness.errors), []);
    assert.deepEqual(faults, []);
  });
});

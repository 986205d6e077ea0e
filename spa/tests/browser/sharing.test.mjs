import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const asked = (calls) => calls.map(({ body }) => body.bindings.map(({ mode, dataset }) => `${mode} ${dataset}`));

describe('reports that cannot share a token', () => {
  it('get tokens of their own, without an error, and the service is asked no more than needed', async () => {
    const { page, to, shows, faults } = await suite.open('pia@contoso');
    await page.evaluate(() =>
      Promise.all(
        [
          { report: 'sales', dataset: 'contoso-sales' },
          // Its token would allow to save a new report over contoso-sales, which is granted for viewing only.
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

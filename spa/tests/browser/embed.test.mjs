import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const sales = { report: 'sales', dataset: 'contoso-sales' };

describe('embedding with the real powerbi-client', () => {
  it('shows the bound dataset’s data, as seen by the caller', async () => {
    const { page, shows, faults } = await suite.open('ana@contoso');
    await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
    const report = await shows('Contoso sales');
    assert.equal(await report.locator('svg').getAttribute('aria-label'), 'Contoso sales: Berlin 48, Hamburg 31, Munich 64');
    assert.match(await report.locator('#identity').textContent(), /ana@contoso\.example/);
    assert.equal(await page.locator('#r0 iframe').getAttribute('title'), 'Power BI report sales');
    assert.deepEqual(faults, []);
  });

  it('shows two tenants the same report with different data', async () => {
    const seen = [];
    for (const [user, dataset, name] of [
      ['ana@contoso', 'contoso-sales', 'Contoso sales'],
      ['frida@fabrikam', 'fabrikam-sales', 'Fabrikam sales'],
    ]) {
      const { page, shows } = await suite.open(user);
      await page.evaluate((key) => window.harness.embed(0, { report: 'sales', dataset: key }).ready, dataset);
      const report = await shows(name);
      const id = await page.evaluate(() => window.harness.configs[0].id);
      seen.push({ id, data: await report.locator('svg').getAttribute('aria-label') });
    }
    assert.equal(seen[0].id, seen[1].id);
    assert.notEqual(seen[0].data, seen[1].data);
  });

  it('shows two people of one tenant their own rows', async () => {
    const labels = [];
    for (const user of ['ana@contoso', 'carl@contoso']) {
      const { page, shows } = await suite.open(user);
      await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
      labels.push(await (await shows('Contoso sales')).locator('svg').getAttribute('aria-label'));
    }
    assert.notEqual(labels[0], labels[1]);
  });

  it('sends one request for a page of five reports, which share a token', async () => {
    const { page, shows, to } = await suite.open('ana@contoso');
    await page.evaluate(() => {
      const datasets = ['contoso-sales', 'contoso-plan', 'contoso-sales', 'contoso-plan', 'contoso-sales'];
      const handles = datasets.map((dataset, n) => window.harness.embed(n, { report: 'sales', dataset }));
      return Promise.all(handles.map((handle) => handle.ready));
    });
    for (const n of [0, 2, 4]) await shows('Contoso sales', n);
    for (const n of [1, 3]) await shows('Contoso plan', n);
    assert.equal(to('/config').length, 1);
    assert.equal(to('/token').length, 0);
    const tokens = await page.evaluate(() => new Set(window.harness.configs.map((config) => config.accessToken)).size);
    assert.equal(tokens, 1);
  });

  it('gets only configs that the validators of powerbi-models accept', async () => {
    const { page } = await suite.open('ana@contoso');
    const results = await page.evaluate(async () => {
      const { dynabind, models } = window.harness;
      const { datasets } = await dynabind.datasets();
      const bindings = datasets
        .filter(({ bindable }) => bindable)
        .flatMap(({ dataset, reports, modes }) => reports.flatMap((report) => modes.map((mode) => ({ report, dataset, mode }))));
      for (const binding of bindings.slice(0, 50)) {
        const element = document.body.appendChild(document.createElement('div'));
        await dynabind.embed(element, binding).ready.catch(() => undefined);
      }
      return window.harness.configs.map((config) => {
        if (config.type === 'create') return models.validateCreateReport(config);
        const isPaginated = config.embedUrl.includes('/rdlEmbed');
        return isPaginated ? models.validatePaginatedReportLoad(config) : models.validateReportLoad(config);
      });
    });
    assert.ok(results.length > 0);
    assert.deepEqual(results.filter(Boolean), []);
  });

  it('explains the refusal of a dataset outside the grant, and shows nothing', async () => {
    const { page, faults } = await suite.open('carl@contoso');
    const { errors, children, state } = await page.evaluate(async () => {
      const handle = window.harness.embed(0, { report: 'sales', dataset: 'fabrikam-sales' });
      await handle.ready.catch(() => undefined);
      return { errors: window.harness.errors, children: document.getElementById('r0').childElementCount, state: handle.state };
    });
    assert.deepEqual([errors.length, errors[0].code, errors[0].status, children, state], [1, 'not-entitled', 403, 0, 'error']);
    assert.match(errors[0].message, /no access/);
    assert.deepEqual(faults, []);
  });

  it('keeps the other reports of the page when one is refused', async () => {
    const { page, shows } = await suite.open('ana@contoso');
    await page.evaluate(() => {
      window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' });
      window.harness.embed(1, { report: 'sales', dataset: 'fabrikam-sales' });
      window.harness.embed(2, { report: 'sales', dataset: 'contoso-plan' });
    });
    await shows('Contoso sales', 0);
    await shows('Contoso plan', 2);
    await page.waitForFunction(() => window.harness.handles[1].state === 'error');
    assert.equal(await page.locator('#r1 iframe').count(), 0);
  });

  it('turns a load that the report refuses into one typed error and no unhandled rejection', async () => {
    const { page, faults } = await suite.open('ana@contoso');
    await page.route(`${suite.stack.url}/config`, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.configs[0].datasetBinding.datasetId = '00000000-0000-4000-8000-000000000000';
      await route.fulfill({ response, json: body });
    });
    await page.evaluate((binding) => window.harness.embed(0, binding).ready.catch(() => undefined), sales);
    assert.deepEqual(await page.evaluate(() => window.harness.errors.map(({ code }) => code)), ['load-failed']);
    assert.deepEqual(faults, []);
  });

  it('waits for a throttled Power BI and then shows the report', async () => {
    const { page, shows, to } = await suite.open('ana@contoso');
    const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '1' } };
    const route = 'POST /v1.0/myorg/GenerateToken';
    await suite.stack.control('POST', '/dev/faults', { service: 'power-bi', route, fault, times: 4 });
    await page.evaluate((binding) => {
      window.harness.pastTheCache();
      return window.harness.embed(0, binding).ready;
    }, sales);
    await shows('Contoso sales');
    assert.ok(to('/config').length > 1);
    assert.deepEqual(await page.evaluate(() => window.harness.errors), []);
  });
});

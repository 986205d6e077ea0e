import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const sales = { report: 'sales', dataset: 'contoso-sales' };

/** Opens a page for which the service’s answers are changed. */
async function opened(change, binding = sales) {
  const harness = await suite.open('ana@contoso');
  const { page } = harness;
  await page.route(`${suite.stack.url}/config`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
  const embedRequests = [];
  page.on('request', (request) => {
    if (/app\.powerbi\.com|Embed/.test(request.url())) embedRequests.push(request.url());
  });
  await page.evaluate((asked) => window.harness.embed(0, asked).ready.catch(() => undefined), binding);
  return { ...harness, embedRequests };
}

const inConfig = (change) => (body) => ({ ...body, configs: body.configs.map((config) => change(config)) });

describe('an answer that does not match the request', () => {
  for (const [what, change] of [
    ['no binding', inConfig(({ datasetBinding, ...config }) => config)],
    ['the binding under the wrong key', inConfig(({ datasetBinding, ...config }) => ({
      ...config,
      datasetBindings: [{ sourceDatasetId: config.id, targetDatasetId: datasetBinding.datasetId }],
    }))],
    ['no dataset id', inConfig((config) => ({ ...config, datasetBinding: {} }))],
    ['tokenType as text', inConfig((config) => ({ ...config, tokenType: '1' }))],
    ['no embedUrl', inConfig(({ embedUrl, ...config }) => config)],
    ['a malformed embedUrl', inConfig((config) => ({ ...config, embedUrl: 'app.powerbi.com/reportEmbed' }))],
    ['an http embedUrl', inConfig((config) => ({ ...config, embedUrl: config.embedUrl.replace('https', 'http') }))],
    ['a foreign embedUrl', inConfig((config) => ({ ...config, embedUrl: 'https://example.org/reportEmbed' }))],
    ['null', inConfig(() => null)],
    ['null instead of all configs', (body) => ({ ...body, configs: null })],
  ]) {
    it(`is refused before there is an iframe: ${what}`, async () => {
      const { page, embedRequests, faults } = await opened(change);
      const seen = await page.evaluate(() => ({
        errors: window.harness.errors.map(({ code, remedy }) => [code, remedy.length > 0]),
        iframes: document.querySelectorAll('iframe').length,
      }));
      assert.deepEqual(seen, { errors: [['unexpected-answer', true]], iframes: 0 });
      assert.deepEqual(embedRequests, []);
      assert.deepEqual(faults, []);
    });
  }
});

describe('renewals', () => {
  it('are at least 30 s apart for any answer of the service', async () => {
    const dead = (body) => ({ ...body, expiration: '2020-01-01T00:00:00Z', refreshAfter: '2020-01-01T00:00:00Z', lifetimeSeconds: 0, refreshAfterSeconds: 0 });
    const { page, shows, to } = await opened(dead);
    await page.route(`${suite.stack.url}/token`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: dead(await response.json()) });
    });
    const report = await shows('Contoso sales');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (let second = 0; second < 4; second++) await page.evaluate(() => window.harness.sleep(7_000));
    assert.equal(to('/token').length, 0);
    await page.evaluate(() => window.harness.sleep(30_000));
    await report.locator('body[data-tokens="1"]').waitFor();
    for (let second = 0; second < 4; second++) await page.evaluate(() => window.harness.sleep(7_000));
    assert.equal(to('/token').length, 1);
    assert.equal(await report.locator('body').getAttribute('data-loads'), '1');
  });

  it('do not depend on a wrong wall clock, even without a Date header', async () => {
    const harness = await suite.open('ana@contoso');
    const { page, shows, to } = harness;
    await page.route(`${suite.stack.url}/config`, async (route) => {
      const response = await route.fetch();
      const { date, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });
    await page.evaluate(() => {
      const now = Date.now;
      Date.now = () => now() + 5 * 3_600_000;
    });
    await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
    await shows('Contoso sales');
    for (let minute = 0; minute < 5; minute++) await page.evaluate(() => window.harness.sleep(60_000));
    assert.equal(to('/token').length, 0);
  });

  it('follow within 20 s when the connection is back after a sleep', async () => {
    const { page, shows, to, report } = await opened((body) => body);
    await shows('Contoso sales');
    await page.context().setOffline(true);
    await page.evaluate(() => window.harness.sleep(2 * 3_600_000));
    await page.waitForFunction(() => window.harness.errors.length > 0);
    const { code, message } = await page.evaluate(() => window.harness.errors[0]);
    assert.deepEqual([code, message], ['offline', 'You are offline.']);
    await page.evaluate(() => window.harness.pastTheCache());
    const since = Date.now();
    await page.context().setOffline(false);
    await report().locator('body[data-tokens="1"]').waitFor({ timeout: 20_000 });
    assert.ok(Date.now() - since < 20_000);
    assert.ok(to('/token').length >= 1);
    assert.equal(await page.evaluate(() => window.harness.handles[0].state), 'rendered');
  });
});

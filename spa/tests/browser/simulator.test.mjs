import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();

/** Gets a good config, lets the test change it, and embeds it with only powerbi-client. */
async function embedRaw(change) {
  const harness = await suite.open('ana@contoso');
  const result = await harness.page.evaluate(async (source) => {
    const { dynabind, configs, powerbiClient } = window.harness;
    const handle = dynabind.embed(document.getElementById('r1'), { report: 'sales', dataset: 'contoso-plan' });
    await handle.ready;
    handle.dispose();
    const config = structuredClone(configs[0]);
    new Function('config', source)(config);
    const { service, factories } = powerbiClient;
    const { hpmFactory, wpmpFactory, routerFactory } = factories;
    const powerbi = new service.Service(hpmFactory, wpmpFactory, routerFactory);
    const refused = new Promise((resolve) =>
      window.addEventListener('unhandledrejection', (event) => {
        event.preventDefault();
        resolve({ refused: event.reason.detailedMessage });
      }),
    );
    const report = powerbi.embed(document.getElementById('r0'), config);
    window.raw = report;
    const told = new Promise((resolve) => {
      report.on('error', (event) => resolve({ error: event.detail.message }));
      report.on('rendered', () => resolve({ rendered: true }));
    });
    return Promise.race([refused, told]);
  }, change);
  return { ...harness, result };
}

describe('the simulated report, with only powerbi-client', () => {
  it('renders a good config', async () => {
    const { result, shows } = await embedRaw('');
    assert.deepEqual(result, { rendered: true });
    await shows('Contoso plan');
  });

  for (const [what, change, expected] of [
    ['a tokenType that is not the token’s', 'config.tokenType = 0', { error: 'PowerBINotAuthorizedException' }],
    ['an unknown token', 'config.accessToken = "H4sIAAAA"', { error: 'PowerBINotAuthorizedException' }],
    ['a dataset that the token does not cover', 'config.datasetBinding = { datasetId: "03821c9b-7d38-495d-b2c1-04ff0a005df1" }', { error: 'PowerBINotAuthorizedException' }],
    ['a report that does not exist', 'config.id = "00000000-0000-4000-8000-000000000000"', { error: 'PowerBIEntityNotFound' }],
    ['more permissions than the token gives', 'config.permissions = 7', { error: 'PowerBINotAuthorizedException' }],
  ]) {
    it(`reports ${what} as an error event`, async () => {
      const { result } = await embedRaw(change);
      assert.deepEqual(result, expected);
    });
  }

  it('ignores a binding under the wrong key, like the real one, and requests the report’s own data', async () => {
    const { result } = await embedRaw(
      'config.datasetBindings = [{ sourceDatasetId: "a", targetDatasetId: config.datasetBinding.datasetId }]; delete config.datasetBinding',
    );
    assert.deepEqual(result, { error: 'PowerBINotAuthorizedException' });
  });

  it('refuses a load without an id or with a tokenType of the wrong kind, with a 400', async () => {
    const { page, result } = await embedRaw('');
    assert.deepEqual(result, { rendered: true });
    const answers = await page.evaluate(async () => {
      const report = window.raw;
      const load = (change) => {
        const config = { ...report.config, ...change };
        const { uniqueId } = config;
        return report.service.hpm
          .post('/report/load', config, { uid: uniqueId }, report.iframe.contentWindow)
          .then((response) => response.statusCode, (response) => [response.statusCode, response.body.detailedMessage]);
      };
      return [
        await load({ id: '' }),
        await load({ tokenType: '1' }),
        await load({ permissions: 3 }),
        await load({ datasetBinding: { datasetId: 5 } }),
        await load({}),
      ];
    });
    assert.deepEqual(answers, [
      [400, 'id is required'],
      [400, 'tokenType property is invalid'],
      [400, 'permissions property is invalid'],
      [400, 'datasetId must be a string'],
      202,
    ]);
  });

  it('lists its pages, changes the page, and sends an event', async () => {
    const { page } = await embedRaw('');
    const seen = await page.evaluate(async () => {
      const turned = new Promise((resolve) => window.raw.on('pageChanged', (event) => resolve(event.detail.newPage.name)));
      const pages = await window.raw.getPages();
      await window.raw.setPage('details');
      return { names: pages.map(({ name }) => name), turned: await turned };
    });
    assert.deepEqual(seen, { names: ['overview', 'details'], turned: 'details' });
  });

  it('refuses a new token that does not cover the shown report', async () => {
    const { page } = await embedRaw('');
    const refusal = await page.evaluate(() => window.raw.setAccessToken('H4sIAAAA').catch((cause) => cause.message));
    assert.equal(refusal, 'PowerBINotAuthorizedException');
  });
});

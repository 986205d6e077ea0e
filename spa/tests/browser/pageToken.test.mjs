import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const SCOPES = ['https://analysis.windows.net/powerbi/api/.default'];

/** A service with DYNABIND_USER_TOKEN=page, and a Power BI that accepts the tokens `user-…`. */
async function opened() {
  const harness = await suite.open('ana@contoso');
  const { page } = harness;
  await page.route(`${suite.stack.url}/config`, async (route) => {
    const response = await route.fetch();
    const { configs } = await response.json();
    const own = configs.map(({ accessToken, ...config }) => ({ ...config, tokenType: 0 }));
    await route.fulfill({ response, json: { configs: own, scopes: SCOPES } });
  });
  const loads = [];
  await page.route('**/sim/load', async (route) => {
    loads.push(route.request().postDataJSON());
    const report = { reportName: 'Sales', datasetName: 'Contoso sales', workspace: 'Contoso', rows: [], expiration: '2100-01-01T00:00:00Z' };
    await route.fulfill({ json: report });
  });
  await page.evaluate(async () => {
    window.asked = [];
    window.provided = 0;
    const dynabind = window.harness.createDynabind({
      apiUrl: location.origin,
      getAccessToken: async () => (await (await fetch('/dev/token?user=ana@contoso')).text()).trim(),
      getPowerBiToken: (request) => {
        window.asked.push(request);
        return { accessToken: `user-${window.asked.length}`, expiresOn: new Date(Date.now() + 3_600_000) };
      },
    });
    const eventHooks = { accessTokenProvider: async () => `provided-${++window.provided}` };
    window.handle = dynabind.embed(document.getElementById('r0'), { report: 'sales', dataset: 'contoso-sales', config: { eventHooks } });
    await window.handle.ready;
  });
  return { ...harness, loads };
}

describe('if the page gets the user’s token itself', () => {
  it('the report loads with this token, and a renewal calls the page and not the service', async () => {
    const { page, loads, to, report, faults } = await opened();
    assert.deepEqual([loads[0].tokenType, loads[0].accessToken], [0, 'user-1']);
    await page.evaluate(() => window.handle.refresh());
    await report().locator('body[data-tokens="1"]').waitFor();
    assert.equal(loads.at(-1).accessToken, 'user-2');
    assert.deepEqual(await page.evaluate(() => window.asked), [
      { scopes: SCOPES, forceRefresh: false },
      { scopes: SCOPES, forceRefresh: false },
    ]);
    assert.equal(to('/token').length, 0);
    assert.deepEqual(faults, []);
  });

  it('powerbi-client’s accessTokenProvider answers when the report asks for a token', async () => {
    const { page } = await opened();
    const uid = await page.evaluate(() => window.handle.report.config.uniqueId);
    const frame = page.frames().find((candidate) => candidate.url().includes('/reportEmbed'));
    const answer = await frame.evaluate(
      (id) =>
        new Promise((resolve) => {
          window.addEventListener('message', ({ data }) => data?.headers?.id === 'ask' && resolve(data.body));
          window.parent.postMessage({ method: 'POST', url: `/reports/${id}/eventHooks/newAccessToken`, headers: { id: 'ask' }, body: {} }, '*');
        }),
      uid,
    );
    assert.equal(answer, 'provided-1');
  });
});

describe('an element without a height', () => {
  it('causes a warning in the console', async () => {
    const { page } = await suite.open('ana@contoso');
    const warnings = [];
    page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
    await page.evaluate(() => {
      const flat = document.body.appendChild(document.createElement('div'));
      return window.harness.dynabind.embed(flat, { report: 'sales', dataset: 'contoso-sales' }).ready;
    });
    await page.evaluate(() => window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' }).ready);
    assert.deepEqual(warnings.map((text) => text.slice(0, 36)), ['Dynabind: the element has no height.']);
  });
});

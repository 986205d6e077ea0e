import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();

describe('signing out', () => {
  it('leaves nothing in the DOM, in storage, in the URL or in powerbi-client', async () => {
    const { page, shows, faults } = await suite.open('ana@contoso');
    await page.evaluate(() => window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' }).ready);
    await shows('Contoso sales');
    await page.evaluate(() => window.harness.handles[0].refresh());
    const left = await page.evaluate(async () => {
      const tokens = window.harness.configs.map((config) => config.accessToken);
      window.harness.dynabind.signOut();
      const databases = await indexedDB.databases();
      const places = {
        dom: document.documentElement.outerHTML,
        url: location.href,
        cookies: document.cookie,
        storage: JSON.stringify({ ...localStorage, ...sessionStorage }),
        powerbi: String(window.powerbi.accessToken ?? ''),
      };
      const holding = Object.keys(places).filter((place) => tokens.some((token) => places[place].includes(token)));
      return { holding, iframes: document.querySelectorAll('iframe').length, embeds: window.powerbi.embeds.length, databases };
    });
    assert.deepEqual(left, { holding: [], iframes: 0, embeds: 0, databases: [] });
    assert.equal(await page.locator('#r0').evaluate((element) => element.outerHTML), '<div id="r0" style="height:300px"></div>');
    assert.deepEqual(faults, []);
  });

  it('cancels running requests, and the client serves the next caller', async () => {
    const { page, shows, faults } = await suite.open('ana@contoso');
    await page.evaluate(() => {
      window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' });
      window.harness.dynabind.signOut();
      window.harness.signIn('frida@fabrikam');
      return window.harness.embed(0, { report: 'sales', dataset: 'fabrikam-sales' }).ready;
    });
    await shows('Fabrikam sales');
    assert.deepEqual(faults, []);
  });

  it('is not needed for a report whose element a framework removes', async () => {
    const { page, to, faults } = await suite.open('ana@contoso');
    await page.evaluate(async () => {
      await window.harness.embed(0, { report: 'sales', dataset: 'contoso-sales' }).ready;
      document.getElementById('r0').remove();
    });
    await page.waitForFunction(() => window.harness.handles[0].state === 'disposed');
    await page.evaluate(() => window.harness.sleep(3 * 60 * 60_000));
    assert.equal(to('/token').length, 0);
    assert.equal(await page.evaluate(() => window.powerbi.embeds.length), 0);
    assert.deepEqual(faults, []);
  });
});

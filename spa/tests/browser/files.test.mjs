import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const spa = (path) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)));
const POWERBI = 'node_modules/powerbi-client/dist/powerbi.min.js';

/** Serves the published files without a bundler. */
async function opened() {
  const page = await suite.browser.newPage();
  const files = [];
  await page.route(`${suite.stack.url}/dist/*.js`, (route) => {
    const name = new URL(route.request().url()).pathname;
    files.push(name.slice('/dist/'.length));
    return route.fulfill({ contentType: 'text/javascript', body: spa(name) });
  });
  await page.route(`${suite.stack.url}/powerbi.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: spa(POWERBI) }));
  await page.goto(`${suite.stack.url}/dev/users`);
  await page.setContent('<title>Files</title><div id="app" style="height:300px"></div>');
  await page.addScriptTag({ url: '/powerbi.js' });
  return { page, files };
}

const embed = (dataset) => `
  import { createDynabind } from '/dist/index.js';
  const getAccessToken = async () => (await (await fetch('/dev/token?user=ana@contoso')).text()).trim();
  const dynabind = createDynabind({ apiUrl: location.origin, getAccessToken });
  window.handle = dynabind.embed(document.getElementById('app'), { report: 'sales', dataset: '${dataset}' });
  window.handle.on('rendered', () => {
    window.atRendered = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/dist/'));
  });
`;

describe('the files of the client', () => {
  it('a first report is rendered with only the first file, of at most 7 KiB; then the second file loads', async () => {
    const { page, files } = await opened();
    await page.addScriptTag({ type: 'module', content: embed('contoso-sales') });
    await page.waitForFunction(() => window.atRendered);
    const names = (await page.evaluate(() => window.atRendered)).map((url) => url.slice(url.lastIndexOf('/') + 1));
    assert.deepEqual(names, ['index.js']);
    const bytes = names.reduce((sum, name) => sum + gzipSync(spa(`dist/${name}`), { level: 9 }).length, 0);
    assert.ok(bytes <= 7 * 1024, `${bytes} bytes`);
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/dist/later.js')));
    assert.deepEqual(files, ['index.js', 'later.js']);
    const refreshed = await page.evaluate(async () => {
      const renewed = new Promise((resolve) => window.handle.on('tokenRefreshed', resolve));
      await window.handle.refresh();
      return (await renewed).tokenId.length > 0;
    });
    assert.equal(refreshed, true);
  });

  it('a client connects early: for requests to the API, and for the iframe', async () => {
    const { page } = await opened();
    await page.addScriptTag({ type: 'module', content: embed('contoso-sales') });
    const links = await page.waitForFunction(() => {
      const all = [...document.querySelectorAll('link[rel=preconnect]')];
      return all.length > 1 && all.map((link) => [link.href, link.getAttribute('crossorigin')]);
    });
    assert.deepEqual(await links.jsonValue(), [
      [`${suite.stack.url}/`, ''],
      ['https://app.powerbi.com/', null],
    ]);
  });

  it('an error loads the second file, which has its text', async () => {
    const { page, files } = await opened();
    await page.addScriptTag({ type: 'module', content: embed('fabrikam-sales') });
    await page.waitForFunction(() => window.handle?.error);
    const { message, code } = await page.evaluate(() => ({ message: window.handle.error.message, code: window.handle.error.code }));
    assert.equal(code, 'not-entitled');
    assert.match(message, /no access/);
    assert.deepEqual(files, ['index.js', 'later.js']);
  });
});

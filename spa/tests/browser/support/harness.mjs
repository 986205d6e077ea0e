import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

let bundle;
let nextLifetime = 61;

/** The library with the real powerbi-client, as one script that a test page loads. */
function harnessScript() {
  bundle ??= build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@dynabind/client': file('../../../src/index.ts') } },
    build: {
      write: false,
      minify: false,
      lib: { entry: file('./harness-page.mjs'), formats: ['es'], fileName: 'harness' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  }).then((results) => [results].flat()[0].output[0].code);
  return bundle;
}

/** A page of the stack's own origin with empty elements #r0 to #r5, where `harness` is the library and a client of it. */
export async function openHarness(browser, stack, user) {
  const page = await browser.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message ?? String(error)));
  const calls = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (['/config', '/token', '/datasets'].includes(pathname)) calls.push({ pathname, body: request.postDataJSON() });
  });
  const elements = Array.from({ length: 6 }, (_, n) => `<div id="r${n}" style="height:300px"></div>`).join('');
  const script = await harnessScript();
  await page.route(`${stack.url}/harness.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  // The document comes over the network, because Chromium does not let a document that a test makes embed from the local host.
  await page.goto(`${stack.url}/dev/users`);
  await page.setContent(`<title>Harness</title>${elements}<script type="module" src="/harness.js"></script>`);
  await page.waitForFunction(() => 'harness' in window);
  await page.evaluate((minutes) => (window.firstLifetime = minutes), nextLifetime);
  nextLifetime += 10;
  await page.evaluate((name) => window.harness.signIn(name), user);
  return {
    page,
    faults,
    calls,
    to: (pathname) => calls.filter((call) => call.pathname === pathname),
    report: (n = 0) => page.frameLocator(`#r${n} iframe`),
    /** Waits until the element shows a report over this dataset. */
    async shows(dataset, n = 0) {
      const report = page.frameLocator(`#r${n} iframe`);
      await report.locator('body[data-state=loaded] #dataset', { hasText: new RegExp(`^${dataset}$`) }).waitFor();
      return report;
    },
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { launch } from '../scripts/chromium.mjs';
import { startStack } from '../scripts/devstack.mjs';
import { embedPageInOneFile } from '../scripts/embed-page.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const CONFIG_MS = 500;
const OWN_LOAD_MS = 800;
const USER = 'ana@contoso';
const spa = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const BINDING = { report: 'sales', dataset: 'contoso-sales' };
const PAGES = [
  { name: 'powerbi-client', entry: 'plain.mjs' },
  { name: 'powerbi-client-react', entry: 'react-wrapper.mjs' },
  { name: '@dynabind/client, first report of the tab', entry: 'dynabind.mjs' },
  { name: '@dynabind/client, report shown before in the tab', entry: 'dynabind.mjs', isKnown: true },
  { name: '@dynabind/client, config prefetched 1 s ahead', entry: 'dynabind.mjs', options: { prefetch: [BINDING] } },
  { name: '@dynabind/react, report shown before in the tab', entry: 'dynabind-react.mjs', isKnown: true },
];

/** The files of a page that a bundler makes, beginning with the file that loads first. */
async function built(entry, external = []) {
  const bundle = await rolldown({
    input: spa(`bench/pages/${entry}`),
    external,
    resolve: { alias: { '@dynabind/client': spa('dist/index.js'), '@dynabind/react': spa('packages/react/dist/index.js') } },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  const { output } = await bundle.generate({ minify: true, entryFileNames: 'page.js', chunkFileNames: '[name].js' });
  await bundle.close();
  return output.map(({ fileName, code }) => ({ fileName, code }));
}

/** Bytes (gzip -9) of all files except the second file of the client, which loads after the report is rendered. */
function bytesOf(files) {
  const first = files.filter(({ fileName }) => !fileName.startsWith('later'));
  return first.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

async function opened(browser, stack, { files, options = {} }, simulated) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const token = (await (await fetch(`${stack.url}/dev/token?user=${USER}`)).text()).trim();
  await page.addInitScript((globals) => Object.assign(window, globals), { callerToken: token, dynabindOptions: options });
  await page.route(`${stack.url}/page/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const file = files.find(({ fileName }) => pathname === `/page/${fileName}`);
    if (file) return route.fulfill({ contentType: 'text/javascript', body: file.code });
    const html = '<!doctype html><title>Page</title><style>#app, .report { height: 600px }</style><div id="app"></div><script type="module" src="/page/page.js"></script>';
    return route.fulfill({ contentType: 'text/html', body: html });
  });
  await page.route(`${stack.url}/config`, async (route) => {
    const [response] = await Promise.all([route.fetch(), pause(CONFIG_MS)]);
    await route.fulfill({ response });
  });
  await page.route(({ pathname }) => pathname === '/reportEmbed', async (route) => {
    await pause(OWN_LOAD_MS);
    await route.fulfill({ contentType: 'text/html', body: simulated });
  });
  const load = async () => {
    await page.goto(`${stack.url}/page/`);
    await page.waitForFunction(() => 'click' in window);
    await pause(1000);
  };
  await load();
  return { context, page, load };
}

/** The time from the click to `rendered`, in milliseconds. */
async function measured(browser, stack, page, simulated) {
  const tab = await opened(browser, stack, page, simulated);
  const click = () => tab.page.evaluate(() => window.click());
  try {
    if (page.isKnown) {
      await click();
      await tab.load();
    }
    const milliseconds = await click();
    const text = await tab.page.frameLocator('iframe').locator('body[data-state=loaded] #dataset').textContent();
    if (text !== 'Contoso sales') throw new Error(`${page.name} shows ${text}`);
    return milliseconds;
  } finally {
    await tab.context.close();
  }
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const number = (value) => Math.round(value).toLocaleString('en-US');

const simulated = await embedPageInOneFile();
for (const page of PAGES) {
  page.files = await built(page.entry);
  page.bytes = bytesOf(page.files);
  page.ownBytes = bytesOf(await built(page.entry, ['powerbi-client', 'react', 'react/jsx-runtime', 'react-dom/client']));
  page.times = [];
}
const [stack, browser] = await Promise.all([startStack(), launch()]);
try {
  // The pages take turns, so that other load on the machine affects all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const page of PAGES) page.times.push(await measured(browser, stack, page, simulated));
  }
} finally {
  await browser.close();
  await stack.stop();
}
console.log(`/config ${CONFIG_MS} ms, the report's own load ${OWN_LOAD_MS} ms, ${ROUNDS} rounds in turns\n`);
console.log('| page | click → rendered, median (least to most) | JavaScript of the page, gzip | without powerbi-client and React |');
console.log('|---|---|---|---|');
for (const { name, times, bytes, ownBytes } of PAGES) {
  const range = `${number(Math.min(...times))} to ${number(Math.max(...times))}`;
  console.log(`| ${name} | ${number(median(times))} ms (${range}) | ${number(bytes)} bytes | ${number(ownBytes)} bytes |`);
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { embedPageInOneFile } from '../../scripts/embed-page.mjs';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const sales = { report: 'sales', dataset: 'contoso-sales' };
const isEmbed = (url) => new URL(url).pathname === '/reportEmbed';

/** A page that has shown the report once, so that its address is known. */
async function visited() {
  const harness = await suite.open('ana@contoso');
  const { page, shows } = harness;
  await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
  await shows('Contoso sales');
  await page.evaluate(() => window.harness.handles[0].dispose());
  return harness;
}

/** Requests of iframes and answers of `/config`, in order. */
function watch(page) {
  const seen = [];
  page.on('request', (request) => isEmbed(request.url()) && seen.push('iframe requested'));
  page.on('response', (response) => response.url().endsWith('/config') && seen.push('config answered'));
  return seen;
}

const delayed = (milliseconds) => async (route) => {
  await pause(milliseconds);
  await route.continue();
};

describe('the iframe of a report whose address is known', () => {
  it('is requested before /config answers, and shows the bound data', async () => {
    const { page, shows, faults } = await visited();
    await page.route(`${suite.stack.url}/config`, delayed(500));
    const seen = watch(page);
    const atOnce = await page.evaluate((binding) => {
      window.harness.embed(1, binding);
      return document.querySelectorAll('#r1 iframe').length;
    }, sales);
    assert.equal(atOnce, 1);
    const report = await shows('Contoso sales', 1);
    assert.deepEqual(seen, ['iframe requested', 'config answered']);
    assert.equal(await report.locator('body').getAttribute('data-loads'), '1');
    assert.equal(await page.locator('#r1 iframe').getAttribute('title'), 'Power BI report sales');
    assert.deepEqual(faults, []);
  });

  it('is requested before /config answers on the next page of the tab with rememberEmbedUrls', async () => {
    const { page, shows, faults } = await suite.open('ana@contoso');
    await page.evaluate(async (binding) => {
      window.harness.signIn('ana@contoso', { rememberEmbedUrls: true });
      await window.harness.embed(0, binding).ready;
    }, sales);
    const stored = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    assert.match(stored, /reportEmbed/);
    assert.ok(!stored.includes(await page.evaluate(() => window.harness.configs[0].accessToken)));
    // A new client knows only the stored addresses.
    await page.route(`${suite.stack.url}/config`, delayed(500));
    const seen = watch(page);
    await page.evaluate((binding) => {
      window.harness.signIn('ana@contoso', { rememberEmbedUrls: true });
      window.harness.embed(1, binding);
    }, sales);
    await shows('Contoso sales', 1);
    assert.deepEqual(seen, ['iframe requested', 'config answered']);
    assert.deepEqual(faults, []);
  });

  it('is rendered within 900 ms if /config takes 500 ms and the page in the iframe takes 800 ms', async () => {
    const { page, shows } = await visited();
    await page.route(`${suite.stack.url}/config`, delayed(500));
    const body = await embedPageInOneFile();
    await page.route(({ pathname }) => pathname === '/reportEmbed', async (route) => {
      await pause(800);
      await route.fulfill({ contentType: 'text/html', body });
    });
    const times = [];
    // A busy machine adds to the 800 ms. An iframe without the client, directly before, measures this additional time.
    const isFast = ({ renderedMs, own } = {}) => renderedMs <= 900 + own - 800;
    for (let n = 1; n <= 5 && !isFast(times.at(-1)); n++) {
      const own = await page.evaluate(async () => {
        const iframe = document.createElement('iframe');
        iframe.src = 'https://app.powerbi.com/reportEmbed?uid=reference';
        const start = performance.now();
        document.body.append(iframe);
        await new Promise((resolve) => iframe.addEventListener('load', resolve));
        iframe.remove();
        return performance.now() - start;
      });
      await page.evaluate(async ([binding, at]) => {
        const handle = window.harness.embed(at, binding);
        await new Promise((resolve) => handle.on('rendered', resolve));
      }, [sales, n]);
      await shows('Contoso sales', n);
      times.push({ own, ...(await page.evaluate((at) => window.harness.handles[at].timings, n)) });
    }
    assert.ok(isFast(times.at(-1)), JSON.stringify(times));
    for (const { configMs, loadedMs } of times) assert.ok(configMs >= 500 && loadedMs >= 800, JSON.stringify(times));
  });

  it('is removed when the request is refused, and gets no message', async () => {
    const { page, faults } = await visited();
    await page.route(`${suite.stack.url}/config`, delayed(300));
    const result = await page.evaluate(async () => {
      const posted = [];
      const { post } = window.powerbi.hpm;
      window.powerbi.hpm.post = function (url, ...rest) {
        posted.push(url);
        return post.call(this, url, ...rest);
      };
      const handle = window.harness.embed(1, { report: 'sales', dataset: 'fabrikam-sales' });
      const before = document.querySelectorAll('#r1 iframe').length;
      await handle.ready.catch(() => undefined);
      return { before, after: document.getElementById('r1').childElementCount, code: handle.error.code, posted };
    });
    assert.deepEqual(result, { before: 1, after: 0, code: 'not-entitled', posted: [] });
    assert.deepEqual(faults, []);
  });

  it('is replaced when the address of the report has changed', async () => {
    const { page, shows, faults } = await visited();
    await page.route(`${suite.stack.url}/config`, async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.configs[0].embedUrl += '&moved=1';
      await route.fulfill({ response, json: body });
    });
    await page.evaluate((binding) => window.harness.embed(1, binding).ready, sales);
    await shows('Contoso sales', 1);
    assert.match(await page.locator('#r1 iframe').getAttribute('src'), /moved=1/);
    assert.equal(await page.locator('#r1 iframe').count(), 1);
    assert.deepEqual(faults, []);
  });
});

describe('an embed of a prefetched config', () => {
  it('makes no further request', async () => {
    const { page, shows, to, faults } = await suite.open('ana@contoso');
    await page.evaluate((binding) => window.harness.signIn('ana@contoso', { prefetch: [binding] }), sales);
    await page.waitForFunction(() => window.harness.configs.length > 0);
    await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
    await shows('Contoso sales');
    assert.equal(to('/config').length, 1);
    assert.deepEqual(faults, []);
  });
});

describe('random switches', () => {
  it('show no frame of wrong data in 120 of them', async () => {
    const { page, faults, shows } = await visited();
    await page.evaluate((binding) => window.harness.embed(0, binding).ready, sales);
    const names = { 'contoso-sales': 'Contoso sales', 'contoso-plan': 'Contoso plan' };
    let seed = 11;
    const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    let latency = 0;
    await page.route(`${suite.stack.url}/config`, (route) => delayed(latency)(route));
    let compared = 0;
    for (let n = 0; n < 120; n++) {
      latency = [0, 30, 150][random(3)];
      const dataset = Object.keys(names)[random(2)];
      const left = await page.evaluate((key) => {
        void window.harness.handles[0].switchDataset(key);
        return document.getElementById('r0').childElementCount;
      }, dataset);
      assert.equal(left, 0, 'the old data disappears first');
      await pause([0, 20, 90, 300, 600][random(5)]);
      const frames = page.frames().filter((frame) => frame.parentFrame() === page.mainFrame());
      assert.ok(frames.length <= 1, `${frames.length} iframes`);
      for (const frame of frames) {
        const text = await frame.evaluate(() => document.body?.dataset.state === 'loaded' && document.querySelector('#dataset').textContent).catch(() => false);
        if (text === false) continue;
        assert.equal(text, names[dataset]);
        compared++;
      }
      // At least every eighth report is awaited, also on a busy machine.
      if (n % 8 === 7) await shows(names[dataset]);
    }
    assert.ok(compared >= 10, `${compared} reports were compared`);
    await page.evaluate(() => window.harness.handles[0].switchDataset('contoso-plan'));
    await shows('Contoso plan');
    assert.deepEqual(faults, []);
  });
});

describe('times', () => {
  it('are sent to the service with reportTimings, and are in the performance timeline', async () => {
    const { page, shows, faults } = await suite.open('ana@contoso');
    const bodies = [];
    await page.route(`${suite.stack.url}/timings`, (route) => {
      bodies.push(route.request().postDataJSON());
      return route.fulfill({ status: 204 });
    });
    await page.evaluate(async (binding) => {
      window.harness.signIn('ana@contoso', { reportTimings: true });
      const handle = window.harness.embed(0, binding);
      await new Promise((resolve) => handle.on('rendered', resolve));
    }, sales);
    await shows('Contoso sales');
    const { timings, measures } = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      window.dispatchEvent(new Event('pagehide'));
      const measures = performance.getEntriesByType('measure').map(({ name, duration }) => [name, Math.round(duration)]);
      return { timings: window.harness.handles[0].timings, measures };
    });
    const { configMs, loadedMs, renderedMs } = timings;
    assert.ok(0 < configMs && configMs <= loadedMs && loadedMs <= renderedMs);
    assert.deepEqual(measures, [
      ['dynabind:sales:config', configMs],
      ['dynabind:sales:loaded', loadedMs],
      ['dynabind:sales:rendered', renderedMs],
    ]);
    await page.waitForTimeout(200);
    assert.deepEqual(bodies, [{ timings: [{ report: 'sales', outcome: 'rendered', configMs, loadedMs, renderedMs }] }]);
    assert.deepEqual(faults, []);
  });
});

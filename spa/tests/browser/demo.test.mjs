import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

async function openDemo(options = {}) {
  const page = await suite.browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A refusal that the page handles is no fault, though the browser notes it.
    if (message.type() === 'error' && !/status of (403|429|503)/.test(message.text())) faults.push(message.text());
  });
  await page.goto(suite.stack.url);
  return { page, faults, report: page.frameLocator('#report iframe') };
}

async function openAs(name, options) {
  const demo = await openDemo(options);
  await demo.page.getByRole('radio', { name }).check();
  return demo;
}

const showing = (page, name) => page.locator('#status', { hasText: `Showing ${name}` }).waitFor();
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const happened = (page, text) => page.locator('#log li', { hasText: text }).first().waitFor();

async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations: found } = await window.axe.run(document, { iframes: false });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe('the demo page', () => {
  it('gets over a token that ran out, and over a sleep', async () => {
    const { page, report } = await openAs(/Carl Ewe/);
    await showing(page, 'Contoso');
    await press(page, 'Let the token run out');
    await report.locator('body[data-loads="2"][data-state=loaded]').waitFor();
    await press(page, 'Sleep for an hour');
    await report.locator('body[data-loads="3"][data-state=loaded]').waitFor();
    await showing(page, 'Contoso');
  });

  it('shows Ana her company’s data, and what was granted', async () => {
    const { page, report, faults } = await openAs(/Ana Lima/);
    await showing(page, 'Contoso sales');
    await report.locator('#dataset', { hasText: 'Contoso sales' }).waitFor();
    const granted = page.locator('#granted');
    await granted.getByText('ana@contoso.example').waitFor();
    assert.match(await granted.locator('#countdown').textContent(), /^\d+:\d\d \(renewed in \d+:\d\d\)$/);
    const config = await granted.locator('pre').textContent();
    assert.match(config, /"accessToken": "[^"]{6}… \(\d+ characters\)"/);
    assert.deepEqual(faults, []);
  });

  it('switches live', async () => {
    const { page, report, faults } = await openAs(/Ana Lima/);
    for (const name of ['Contoso plan', 'Contoso sales', 'Contoso plan']) {
      await page.getByRole('radio', { name, exact: true }).check();
      await showing(page, name);
      assert.equal(await report.locator('#dataset').textContent(), name);
    }
    assert.deepEqual(faults, []);
  });

  it('shows the next person nothing of the one before', async () => {
    const { page, report } = await openAs(/Ana Lima/);
    await showing(page, 'Contoso');
    await page.getByRole('radio', { name: /Frida Moe/ }).check();
    await showing(page, 'Fabrikam sales');
    assert.equal(await report.locator('#dataset').textContent(), 'Fabrikam sales');
    assert.doesNotMatch(await page.locator('#what, #granted').allTextContents().then(String), /Contoso|ana@/);
    await press(page, 'Sign out');
    assert.equal(await page.locator('iframe').count(), 0);
  });

  it('tells someone without a grant so', async () => {
    const { page } = await openAs(/Nils Aho/);
    await page.locator('#status', { hasText: 'Nothing has been granted to Nils Aho.' }).waitFor();
    assert.equal(await page.locator('iframe').count(), 0);
  });

  it('says in sentences what is wrong with a dataset', async () => {
    const { page } = await openAs(/Quinn Ode/);
    await page.getByText('Its workspace is not on a capacity, which dynamic binding needs.').first().waitFor();
    const texts = await page.locator('.problem').allTextContents();
    assert.ok(texts.length >= 5);
    assert.deepEqual(texts.filter((text) => /^[a-z]+(-[a-z]+)+$/.test(text)), []);
  });

  it('lets an analyst edit', async () => {
    const { page, report } = await openAs(/Ana Lima/);
    await showing(page, 'Contoso');
    await page.getByLabel('Mode').selectOption('edit');
    await report.locator('#report', { hasText: 'editing' }).waitFor();
  });

  it('gets over a throttled Power BI', async () => {
    const { page } = await openAs(/Ana Lima/);
    await showing(page, 'Contoso');
    await press(page, 'Throttle Power BI');
    await happened(page, '503');
    await showing(page, 'Contoso');
  });

  it('refuses someone else’s data in a sentence, and shows nothing', async () => {
    const { page } = await openAs(/Carl Ewe/);
    await showing(page, 'Contoso');
    await press(page, 'Ask for someone else’s data');
    await page.getByRole('alert').getByText(/You have no access/).waitFor();
    assert.equal(await page.locator('iframe').count(), 0);
  });

  it('survives twenty switches', async () => {
    const { page, report, faults } = await openAs(/Ana Lima/);
    await showing(page, 'Contoso');
    await press(page, 'Switch twenty times');
    await showing(page, 'Contoso sales');
    assert.equal(await report.locator('#dataset').textContent(), 'Contoso sales');
    assert.deepEqual(faults, []);
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await openDemo();
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    await page.locator('#people input').first().waitFor();
    await page.keyboard.press('Tab');
    assert.match(await focused(), /Skip/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await showing(page, 'Contoso');
    assert.equal(await focused(), 'person-0');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'report-choice');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^dataset-/);
    await page.keyboard.press('ArrowDown');
    assert.match(await focused(), /^dataset-/);
    await showing(page, 'Contoso');
  });

  for (const [name, options] of [
    ['in the light', {}],
    ['in the dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 } }],
  ]) {
    it(`has no accessibility violation ${name}, with a report, with a problem and with an error`, async () => {
      const { page, report } = await openAs(/Ana Lima/, options);
      await showing(page, 'Contoso');
      assert.deepEqual(await violations(page), []);
      const frame = page.frames().find((candidate) => candidate.url().includes('/reportEmbed'));
      await report.locator('body[data-state=loaded]').waitFor();
      assert.deepEqual(await violations(frame), []);
      await press(page, 'Ask for someone else’s data');
      await page.getByRole('alert').getByText(/You have no access/).waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole('radio', { name: /Quinn Ode/ }).check();
      await page.locator('.problem').first().waitFor();
      assert.deepEqual(await violations(page), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    });
  }
});

describe('a browser that is not told where the simulated report lives', () => {
  it('gets the command that opens the page', async () => {
    const { page } = await openDemo();
    await page.route('https://app.powerbi.com*/**', (route) => route.abort());
    await page.getByRole('radio', { name: /Carl Ewe/ }).check();
    const command = page.getByLabel('Command that opens the page');
    await command.waitFor();
    assert.match(await command.textContent(), /--host-resolver-rules="MAP app\.powerbi\.com 127\.0\.0\.1" --ignore-certificate-errors --user-data-dir=\$\(mktemp -d\) http/);
  });
});

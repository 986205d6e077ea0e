import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const DESKTOP = { viewport: { width: 1280, height: 900 } };

/** The left or the right half of the page: a person with a report. */
function half(page, index) {
  const panel = page.locator(`#panel-${index}`);
  return {
    panel,
    report: panel.frameLocator('iframe'),
    says: (text) => panel.locator('.status', { hasText: text }).waitFor(),
    signIn: (name) => panel.getByLabel('Signed in as').selectOption({ label: name }),
    choose: (name) => panel.getByRole('radio', { name, exact: true }).check(),
  };
}

async function openDemo(options = {}) {
  const page = await suite.browser.newPage({ ...DESKTOP, ...options });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // The browser logs refusals that the page handles. They are not faults.
    if (message.type() === 'error' && !/status of (403|429|503)/.test(message.text())) faults.push(message.text());
  });
  await page.goto(suite.stack.url);
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  return { page, faults, press, left: half(page, 0), right: half(page, 1) };
}

async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations: found } = await window.axe.run(document, { iframes: false });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe('the demo page', () => {
  it('opens with two tenants side by side: one report with the data of each tenant', async () => {
    const { page, left, right, faults } = await openDemo();
    await left.says('Showing Contoso sales');
    await right.says('Showing Fabrikam sales');
    assert.equal(await left.report.locator('#report').textContent(), await right.report.locator('#report').textContent());
    await left.report.locator('#dataset', { hasText: 'Contoso sales' }).waitFor();
    await right.report.locator('#dataset', { hasText: 'Fabrikam sales' }).waitFor();
    await left.panel.getByText('ana@contoso.example').first().waitFor();
    const colours = await page.locator('.panel h2').evaluateAll((titles) => titles.map((title) => getComputedStyle(title).color));
    assert.notEqual(colours[0], colours[1]);
    const boxes = await Promise.all([left, right].map(({ panel }) => panel.boundingBox()));
    assert.equal(boxes[0].y, boxes[1].y);
    assert.deepEqual(faults, []);
  });

  it('has the choice of data above the report, and both in view at 1280×900', async () => {
    const { left } = await openDemo();
    await left.says('Showing');
    const chip = await left.panel.locator('.chip').first().boundingBox();
    const box = await left.panel.locator('.box').boundingBox();
    assert.ok(chip.y + chip.height <= box.y);
    assert.ok(box.y + box.height <= 900);
  });

  it('shows request and answer, without a token, and copies them', async () => {
    const { page, left } = await openDemo({ permissions: ['clipboard-read', 'clipboard-write'] });
    await left.says('Showing');
    const request = await left.panel.getByLabel('Request', { exact: true }).textContent();
    assert.match(request, /^POST \/config\n/);
    assert.match(request, /"dataset": "contoso-sales"/);
    const answer = await left.panel.getByLabel('Answer', { exact: true }).textContent();
    assert.match(answer, /"accessToken": "[^"]{6}… \(\d+ characters\)"/);
    await left.panel.getByRole('button', { name: 'Copy the answer' }).click();
    await left.panel.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), answer);
  });

  it('switches live', async () => {
    const { left, faults } = await openDemo();
    for (const name of ['Contoso plan', 'Contoso sales', 'Contoso plan']) {
      await left.says('Showing');
      await left.choose(name);
      await left.says(`Showing ${name}`);
      assert.equal(await left.report.locator('#dataset').textContent(), name);
    }
    assert.deepEqual(faults, []);
  });

  it('shows the next person no data of the previous one, and no data after the sign-out', async () => {
    const { left } = await openDemo();
    await left.says('Showing');
    await left.signIn('Frida Moe');
    await left.says('Showing Fabrikam sales');
    assert.doesNotMatch(await left.panel.textContent(), /Contoso plan|ana@/);
    await left.signIn('Nobody (sign out)');
    await left.panel.getByText('Choose a person above').waitFor();
    assert.equal(await left.panel.locator('iframe').count(), 0);
    assert.doesNotMatch(await left.panel.textContent(), /frida@/);
  });

  it('tells a person without grants what to do', async () => {
    const { left } = await openDemo();
    await left.signIn('Nils Aho');
    await left.panel.getByText('Nothing is granted to Nils Aho. Choose another person above.').waitFor();
    assert.equal(await left.panel.locator('iframe').count(), 0);
  });

  it('explains the problems of a dataset, and shows its choice as disabled', async () => {
    const { left } = await openDemo();
    await left.signIn('Quinn Ode');
    await left.panel.getByText(/Why some items cannot be shown/).click();
    await left.panel.getByText('Its workspace is not on a capacity, which dynamic binding needs.').first().waitFor();
    const texts = await left.panel.locator('.problem').allTextContents();
    assert.ok(texts.length >= 5);
    assert.deepEqual(texts.filter((text) => /^[a-z]+(-[a-z]+)+$/.test(text)), []);
    const [on, off] = await Promise.all(
      [':enabled', ':disabled'].map((kind) =>
        left.panel.locator(`.chip:has(${kind}) span`).first().evaluate((chip) => getComputedStyle(chip.parentElement).textDecorationLine),
      ),
    );
    assert.deepEqual([on, off], ['none', 'line-through']);
  });

  it('lists the problems in the report’s box if nothing can be shown', async () => {
    const { page, left } = await openDemo({ viewport: { width: 1000, height: 760 } });
    await left.signIn('Quinn Ode');
    await left.says('Showing');
    await left.panel.getByLabel('Report', { exact: true }).selectOption('pilot');
    await left.panel.getByText('The data of this report cannot be shown. Choose another report above.').waitFor();
    assert.equal(await left.panel.locator('iframe').count(), 0);
    assert.equal(await left.panel.locator('.problems').count(), 1);
    assert.doesNotMatch(await left.panel.textContent(), /quinn@|POST/);
    assert.deepEqual(await violations(page), []);
  });

  it('lets an analyst edit', async () => {
    const { left } = await openDemo();
    await left.says('Showing');
    await left.panel.getByLabel('Mode').selectOption('edit');
    await left.report.locator('#report', { hasText: 'editing' }).waitFor();
  });

  it('survives an expired token, and a sleep without touching the view', async () => {
    const { left, press } = await openDemo();
    await left.says('Showing');
    await press('Let the token expire');
    await left.report.locator('body[data-loads="2"][data-state=loaded]').waitFor();
    await press('Sleep for an hour');
    await left.report.locator('body[data-tokens]').waitFor();
    assert.equal(await left.report.locator('body').getAttribute('data-loads'), '2');
    await left.says('Showing Contoso');
  });

  it('survives a throttled Power BI', async () => {
    const { page, left, press } = await openDemo();
    await left.says('Showing');
    await press('Throttle Power BI');
    await page.locator('#log li', { hasText: '503' }).first().waitFor();
    await left.says('Showing Contoso');
  });

  it('refuses someone else’s data in the report’s box, which stays where it is', async () => {
    const { left, press } = await openDemo();
    await left.says('Showing');
    const place = () => left.panel.locator('.box').evaluate((box) => [box.offsetTop, box.offsetHeight]);
    const before = await place();
    await press('Ask for someone else’s data');
    await left.panel.getByRole('alert').getByText(/You have no access/).waitFor();
    assert.equal(await left.panel.locator('iframe').count(), 0);
    assert.deepEqual(await place(), before);
    await left.choose('Contoso plan');
    await left.says('Showing Contoso plan');
  });

  it('survives twenty switches', async () => {
    const { left, press, faults } = await openDemo();
    await left.says('Showing');
    await press('Switch twenty times');
    await left.says(/Showing Contoso sales/);
    assert.equal(await left.report.locator('#dataset').textContent(), 'Contoso sales');
    assert.deepEqual(faults, []);
  });

  it('can be used with only the keyboard', async () => {
    const { page, left } = await openDemo();
    await left.says('Showing');
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    await page.keyboard.press('Tab');
    assert.match(await focused(), /Skip/);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'panel-0-person');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'panel-0-report');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^panel-0-dataset-/);
    const before = await left.report.locator('#dataset').textContent();
    await page.keyboard.press('ArrowDown');
    await left.report.locator('#dataset').getByText(before === 'Contoso plan' ? 'Contoso sales' : 'Contoso plan').waitFor();
    assert.match(await focused(), /^panel-0-dataset-/);
  });

  it('shows a change on a phone when a person is chosen', async () => {
    const { page, left } = await openDemo({ viewport: { width: 360, height: 740 } });
    await left.says('Showing');
    await left.signIn('Frida Moe');
    await left.report.locator('#dataset', { hasText: 'Fabrikam sales' }).waitFor();
    assert.equal(await page.evaluate(() => window.scrollY), 0);
    const box = await left.panel.locator('.box').boundingBox();
    assert.ok(box.y + box.height / 2 < 740, `the middle of the report is at ${box.y + box.height / 2}`);
  });

  it('aligns its header with the content at 1920 px', async () => {
    const { page, left } = await openDemo({ viewport: { width: 1920, height: 1000 } });
    await left.says('Showing');
    const [title, panel] = await Promise.all([page.locator('h1').boundingBox(), left.panel.boundingBox()]);
    assert.equal(title.x, panel.x);
  });

  it('has no animations with reduced motion', async () => {
    const { page, left } = await openDemo({ reducedMotion: 'reduce' });
    await left.says('Showing');
    await page.route(`${suite.stack.url}/config`, () => undefined);
    await left.choose('Contoso plan');
    const animation = await left.panel.locator('.skeleton i').first().evaluate((bar) => getComputedStyle(bar).animationName);
    assert.equal(animation, 'none');
  });

  for (const [name, options] of [
    ['in the light', {}],
    ['in the dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 } }],
  ]) {
    it(`has no accessibility violation ${name}, with reports, with problems, with an error and signed out`, async () => {
      const { page, left, right, press } = await openDemo(options);
      await left.says('Showing');
      await right.panel.scrollIntoViewIfNeeded();
      await right.says('Showing');
      assert.deepEqual(await violations(page), []);
      const frame = page.frames().find((candidate) => candidate.url().includes('/reportEmbed'));
      assert.deepEqual(await violations(frame), []);
      await press('Ask for someone else’s data');
      await left.panel.getByRole('alert').waitFor();
      await right.signIn('Quinn Ode');
      await right.panel.getByText(/Why some items cannot be shown/).click();
      assert.deepEqual(await violations(page), []);
      await right.signIn('Nobody (sign out)');
      await right.panel.getByText('Choose a person above').waitFor();
      assert.deepEqual(await violations(page), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
    });
  }
});

describe('a browser that does not resolve app.powerbi.com to this machine', () => {
  it('says that it cannot show the report, and shows the command that can', async () => {
    const page = await suite.browser.newPage(DESKTOP);
    await page.route('https://app.powerbi.com*/**', (route) => route.abort());
    await page.goto(suite.stack.url);
    const { panel, says } = half(page, 0);
    await says('This browser cannot show the simulated report.');
    const command = panel.getByLabel('Command that opens the page');
    assert.match(await command.textContent(), /--host-resolver-rules="MAP app\.powerbi\.com 127\.0\.0\.1" --ignore-certificate-errors --user-data-dir=\$\(mktemp -d\) http/);
    assert.doesNotMatch(await panel.textContent(), /Loading/);
  });
});

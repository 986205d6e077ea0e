import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { startStack } from './devstack.mjs';

const folder = new URL('../../docs/images/', import.meta.url);
await mkdir(folder, { recursive: true });

const stack = await startStack();
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1.25 });
  await page.goto(stack.url);
  for (const [panel, viewer] of [['#panel-0', 'ana@'], ['#panel-1', 'frida@']]) {
    await page.frameLocator(`${panel} iframe`).locator('body[data-state=loaded]').waitFor();
    await page.locator(`${panel} .granted`, { hasText: viewer }).waitFor();
  }
  const { y, height } = await page.locator('#panels').boundingBox();
  const clip = { x: 0, y: 0, width: 1280, height: y + height + 16 };
  await page.screenshot({ path: fileURLToPath(new URL('demo.png', folder)), fullPage: true, clip });
} finally {
  await browser.close();
  await stack.stop();
}

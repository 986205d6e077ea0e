import { after, afterEach, before } from 'node:test';
import { launch } from '../../../scripts/chromium.mjs';
import { startStack } from '../../../scripts/devstack.mjs';
import { openHarness } from './harness.mjs';

/** One stack and one browser for a file of tests. After each test, pages are closed and faults are cleared. */
export function useSuite() {
  const suite = {};
  before(async () => {
    const started = await Promise.allSettled([startStack(), launch()]);
    [suite.stack, suite.browser] = started.map((result) => result.value);
    // `after` closes everything that has started. If a stack kept running, the test file would not end.
    for (const { reason } of started) if (reason) throw reason;
    suite.open = (user) => openHarness(suite.browser, suite.stack, user);
  });
  afterEach(async () => {
    await Promise.all((suite.browser?.contexts() ?? []).map((context) => context.close()));
    await suite.stack?.control('DELETE', '/dev/faults');
  });
  after(async () => {
    await suite.browser?.close();
    await suite.stack?.stop();
  });
  return suite;
}

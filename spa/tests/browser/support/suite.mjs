import { after, afterEach, before } from 'node:test';
import { launch } from '../../../scripts/chromium.mjs';
import { startStack } from '../../../scripts/devstack.mjs';
import { openHarness } from './harness.mjs';

/** One stack and one browser for a file of tests; pages are closed and faults forgotten after each test. */
export function useSuite() {
  const suite = {};
  before(async () => {
    const started = await Promise.allSettled([startStack(), launch()]);
    [suite.stack, suite.browser] = started.map((result) => result.value);
    // What did start is closed by `after`; a stack that is left running would keep the file from its end.
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

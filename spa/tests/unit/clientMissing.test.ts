import { expect, it, vi } from 'vitest';
import { usePage } from './support/page.js';

const page = usePage();

vi.mock('powerbi-client', () => new Promise(() => undefined));

it('a powerbi-client that never loads is an error after the time limit', async () => {
  vi.stubGlobal('powerbi', undefined);
  const dynabind = page.client({ powerbi: undefined as never });
  const handle = dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
  await vi.advanceTimersByTimeAsync(60_000);
  vi.unstubAllGlobals();
  expect(handle.error).toMatchObject({ code: 'client-missing', detail: 'It did not load in time.', fatal: true });
  handle.dispose();
});

import { beforeEach, expect, it, vi } from 'vitest';
import { problem } from './support/fakeApi.js';
import { usePage } from './support/page.js';

const page = usePage();
let dynabind: typeof page.dynabind;
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(async () => {
  vi.resetModules();
  vi.doMock('../../src/later.js', () => {
    throw new TypeError('Failed to fetch dynamically imported module');
  });
  const { createDynabind } = await import('@dynabind/client');
  const { api, powerbi } = page;
  const apiUrl = 'https://api.example.com';
  dynabind = createDynabind({ apiUrl, getAccessToken: () => 'caller-token', fetch: api.fetch, powerbi: powerbi.asService() });
});

it('a report is shown if the second file cannot be loaded, and renewed when the file can be loaded again', async () => {
  const element = page.element();
  const handle = dynabind.embed(element, { report: 'sales', dataset: 'a' });
  await pass(0);
  const embed = page.powerbi.on(element);
  embed.iframeReady();
  await pass(0);
  embed.emit('loaded');
  embed.emit('rendered');
  await pass(0);
  expect(handle.state).toBe('rendered');
  await pass(40_000);
  vi.doUnmock('../../src/later.js');
  await vi.dynamicImportSettled();
  await pass(10_000);
  await vi.dynamicImportSettled();
  await pass(50 * 60_000);
  expect(embed.tokens).toEqual(['token-2']);
  handle.dispose();
  expect(vi.getTimerCount()).toBe(0);
});

it('refresh() rejects if the second file cannot be loaded, and works when the file can be loaded again', async () => {
  const element = page.element();
  const handle = dynabind.embed(element, { report: 'sales', dataset: 'a' });
  await pass(0);
  const embed = page.powerbi.on(element);
  embed.iframeReady();
  embed.emit('loaded');
  embed.emit('rendered');
  await pass(0);
  const outcome = vi.fn();
  handle.refresh().then(outcome, outcome);
  await vi.dynamicImportSettled();
  await pass(0);
  expect(outcome).toHaveBeenCalledWith(expect.objectContaining({ code: 'client-missing' }));
  expect(handle.state).toBe('rendered');
  vi.doUnmock('../../src/later.js');
  const refreshed = handle.refresh();
  await vi.dynamicImportSettled();
  await refreshed;
  expect(embed.tokens).toEqual(['token-2']);
  handle.dispose();
});

it.each([
  ['offline', 'offline', 'You are offline.', () => Promise.reject(new TypeError('Failed to fetch')), false],
  ['without a service', 'network-failed', 'The report cannot be shown.', () => Promise.reject(new TypeError('Failed to fetch')), true],
  ['when the service refuses', 'client-missing', 'The report cannot be shown.', () => problem('not-entitled', 403), true],
])('an error is still reported: %s', async (_, code, message, reply, isOnline) => {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(isOnline);
  page.api.once(reply as never);
  const handle = dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
  await pass(50);
  expect(handle.state).toBe('error');
  expect(handle.error).toMatchObject({ code, message, title: message, remedy: expect.stringMatching(/./), fatal: true });
  await expect(handle.ready).rejects.toBe(handle.error);
});

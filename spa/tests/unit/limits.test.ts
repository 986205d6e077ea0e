import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorsOf, MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();
const never = () => new Promise<never>(() => undefined);
const isOnline = (online: boolean) => vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(online);

afterEach(() => void vi.restoreAllMocks());

describe('a time limit', () => {
  it('ends a sign-in that never settles, and does not delay the next attempt', async () => {
    const getAccessToken = vi.fn<() => string | Promise<string>>(never);
    const element = page.element();
    const handle = page.client({ getAccessToken }).embed(element, { report: 'sales', dataset: 'a' });
    const errors = errorsOf(handle);
    await pass(60_000);
    expect(errors.map(({ code, fatal }) => [code, fatal])).toEqual([['sign-in-failed', true]]);
    expect(errors[0]?.detail).toBe('getAccessToken did not settle within 60 s.');
    expect(errors[0]?.remedy).toBe('Sign in again.');
    getAccessToken.mockReturnValue('caller-token');
    const again = handle.refresh();
    await show(page, element);
    await again;
    handle.dispose();
  });

  it('ends a sign-in that never settles during a renewal, and the renewal is repeated', async () => {
    const getAccessToken = vi.fn<() => string | Promise<string>>(() => 'caller-token');
    const element = page.element();
    const handle = page.client({ getAccessToken }).embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    const errors = errorsOf(handle);
    getAccessToken.mockImplementationOnce(never);
    await pass(53 * MINUTE);
    expect(errors.map(({ code, fatal }) => [code, fatal])).toEqual([['sign-in-failed', false]]);
    expect(embed.tokens).toEqual(['token-2']);
    expect(handle.error).toBeUndefined();
    handle.dispose();
  });

  it('ends a request that is never answered, after 25 s', async () => {
    page.api.once(never);
    const list = expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'service-timeout', remedy: expect.any(String) });
    await pass(25_000);
    await list;
    expect(page.api.calls).toHaveLength(1);
    expect(page.api.calls[0]?.signal.aborted).toBe(true);
  });

  it('ends an answer whose body never ends, whether it is a success or an error', async () => {
    for (const status of [200, 503]) {
      page.api.once(() => new Response(new ReadableStream(), { status }));
      const list = expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'service-timeout' });
      await pass(10_000);
      await list;
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends the wait for `loaded`, even if the load was accepted, and a late report is still shown', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(200);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await pass(60_000);
    await expect(handle.ready).rejects.toMatchObject({ code: 'load-timeout', fatal: true });
    embed.emit('loaded');
    expect(handle.state).toBe('loaded');
    expect(handle.error).toBeUndefined();
  });

  it('ends an interaction that the person never finishes', async () => {
    const dynabind = page.client({ onInteractionRequired: never });
    const refuse = () =>
      Response.json({ type: 'urn:dynabind:problem:interaction-required', status: 401 }, { status: 401 });
    page.api.once(refuse);
    const list = expect(dynabind.datasets()).rejects.toMatchObject({ code: 'sign-in-failed' });
    await pass(300_000);
    await list;
    await expect(dynabind.datasets()).resolves.toBeDefined();
  });

  it('can be set', async () => {
    const timeouts = { signIn: 1000, request: 2000, body: 3000, load: 4000 };
    const slow = page.client({ getAccessToken: never, timeouts });
    const signIn = expect(slow.datasets()).rejects.toMatchObject({ code: 'sign-in-failed' });
    await pass(1000);
    await signIn;
    const client = page.client({ timeouts });
    page.api.once(never);
    const request = expect(client.datasets()).rejects.toMatchObject({ code: 'service-timeout' });
    await pass(2000);
    await request;
    page.api.once(() => new Response(new ReadableStream()));
    const body = expect(client.datasets()).rejects.toMatchObject({ code: 'service-timeout' });
    await pass(3000);
    await body;
    const handle = client.embed(page.element(), { report: 'sales', dataset: 'a' });
    await pass(4200);
    await expect(handle.ready).rejects.toMatchObject({ code: 'load-timeout' });
    handle.dispose();
  });
});

describe('offline', () => {
  it('is the error, and not “sign in again”, when the sign-in fails too', async () => {
    isOnline(false);
    const dynabind = page.client({ getAccessToken: () => Promise.reject(new TypeError('Failed to fetch')) });
    const list = expect(dynabind.datasets()).rejects.toMatchObject({ code: 'offline', message: 'You are offline.' });
    await pass(10_000);
    await list;
  });

  it('after a sleep ends with a renewal soon after the connection is back', async () => {
    const element = page.element();
    let signIn: () => string = () => 'caller-token';
    const handle = page.client({ getAccessToken: () => signIn() }).embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    const errors = errorsOf(handle);
    const online = isOnline(false);
    signIn = () => {
      throw new TypeError('Failed to fetch');
    };
    vi.setSystemTime(Date.now() + 61 * MINUTE);
    window.dispatchEvent(new Event('focus'));
    await pass(5 * MINUTE);
    expect(errors.map(({ code }) => code)).toEqual(['offline']);
    online.mockReturnValue(true);
    window.dispatchEvent(new Event('online'));
    // The sign-in does not work yet when the connection is back.
    await pass(1000);
    signIn = () => 'caller-token';
    await pass(19_000);
    expect(errors.map(({ code }) => code)).toEqual(['offline']);
    expect(embed.tokens).toEqual(['token-2']);
    expect(handle.state).toBe('rendered');
    handle.dispose();
  });
});

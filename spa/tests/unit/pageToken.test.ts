import { describe, expect, it, vi } from 'vitest';
import type { DynabindOptions, PowerBiToken } from '@dynabind/client';
import { MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();
const SCOPES = ['https://analysis.windows.net/powerbi/api/.default'];

async function shown(getPowerBiToken: NonNullable<DynabindOptions['getPowerBiToken']>, config = {}) {
  page.api.scopes = SCOPES;
  const element = page.element();
  const handle = page.client({ getPowerBiToken }).embed(element, { report: 'sales', dataset: 'a', config });
  return { handle, embed: await show(page, element) };
}

const expiresIn = (minutes: number) => new Date(Date.now() + minutes * MINUTE);

describe('if the page gets the user’s token itself', () => {
  it('the token is requested with the scopes of the service', async () => {
    const getPowerBiToken = vi.fn(() => 'user-token');
    const { handle, embed } = await shown(getPowerBiToken);
    expect(getPowerBiToken).toHaveBeenCalledExactlyOnceWith({ scopes: SCOPES, forceRefresh: false });
    expect(embed.config).toMatchObject({ tokenType: 0, accessToken: 'user-token' });
    expect(handle.explain()).toMatchObject({ token: { tokenType: 'Aad' }, identity: 'the signed-in user' });
    handle.dispose();
  });

  it('a renewal requests it again and never calls /token', async () => {
    let issued = 0;
    const getPowerBiToken = vi.fn((): PowerBiToken => ({ accessToken: `user-${++issued}`, expiresOn: expiresIn(60) }));
    const { handle, embed } = await shown(getPowerBiToken);
    await pass(49 * MINUTE);
    expect(getPowerBiToken).toHaveBeenCalledOnce();
    await pass(2 * MINUTE);
    expect(embed.tokens).toEqual(['user-2']);
    expect(page.api.to('/token')).toHaveLength(0);
    expect(page.api.to('/config')).toHaveLength(1);
    handle.dispose();
  });

  it('a token from a cache is requested again in time, and not in a loop', async () => {
    const end = expiresIn(60);
    let fresh: PowerBiToken | undefined;
    // Returns the cached token until five minutes before its expiry, like MSAL.
    const getPowerBiToken = vi.fn((): PowerBiToken => {
      if (end.getTime() - Date.now() < 5 * MINUTE) fresh ??= { accessToken: 'user-2', expiresOn: expiresIn(60) };
      return fresh ?? { accessToken: 'user-1', expiresOn: end };
    });
    const { handle, embed } = await shown(getPowerBiToken);
    await pass(59 * MINUTE);
    expect(embed.tokens.at(-1)).toBe('user-2');
    expect(getPowerBiToken.mock.calls.length).toBeLessThanOrEqual(5);
    handle.dispose();
  });

  it('a paginated report is not loaded again with the token that it has', async () => {
    page.api.scopes = SCOPES;
    const element = page.element();
    const handle = page.client({ getPowerBiToken: () => 'user-token' }).embed(element, { report: 'invoice', dataset: 'a' });
    await pass(200);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await pass(30 * MINUTE);
    expect(embed.loads).toHaveLength(1);
    expect(handle.state).toBe('loaded');
    handle.dispose();
  });

  it('a token that has expired according to Power BI is requested with forceRefresh', async () => {
    let issued = 0;
    const getPowerBiToken = vi.fn(() => `user-${++issued}`);
    const { handle, embed } = await shown(getPowerBiToken);
    embed.emit('error', { message: 'TokenExpired' });
    await pass(200);
    expect(getPowerBiToken).toHaveBeenLastCalledWith({ scopes: SCOPES, forceRefresh: true });
    expect(embed.loads.at(-1)?.accessToken).toBe('user-2');
    handle.dispose();
  });

  it('powerbi-client’s own provider of tokens is passed on', async () => {
    const accessTokenProvider = () => Promise.resolve('from-the-hook');
    const { handle, embed } = await shown(() => 'user-token', { eventHooks: { accessTokenProvider } });
    expect(embed.config.eventHooks).toEqual({ accessTokenProvider });
    handle.dispose();
  });

  it.each([
    ['is missing', undefined, 'invalid-argument'],
    ['throws', () => Promise.reject(new Error('popup blocked')), 'sign-in-failed'],
    ['gives nothing', () => '', 'sign-in-failed'],
    ['gives an empty result', () => ({ accessToken: '' }), 'sign-in-failed'],
  ])('it is an error if getPowerBiToken %s', async (_, getPowerBiToken, code) => {
    page.api.scopes = SCOPES;
    const handle = page.client({ getPowerBiToken }).embed(page.element(), { report: 'sales', dataset: 'a' });
    await pass(200);
    await expect(handle.ready).rejects.toMatchObject({ code });
    expect(page.powerbi.all).toHaveLength(0);
  });
});

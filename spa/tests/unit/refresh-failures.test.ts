import { describe, expect, it, vi } from 'vitest';
import { problem } from './support/fakeApi.js';
import { errorsOf, MINUTE, pass, show, sleepFor, usePage } from './support/page.js';

const page = usePage();

async function shown(dataset = 'a') {
  const element = page.element();
  const handle = page.dynabind.embed(element, { report: 'sales', dataset });
  return { element, handle, embed: await show(page, element), errors: errorsOf(handle) };
}

describe('when a refresh fails', () => {
  it('does not affect the other reports when one iframe is dead', async () => {
    const elements = ['a', 'b'].map((dataset) => {
      const element = page.element();
      page.dynabind.embed(element, { report: 'sales', dataset });
      return element;
    });
    const [dead, alive] = await Promise.all(elements.map((element) => show(page, element)));
    if (dead) dead.answer = () => new Promise(() => undefined);
    await sleepFor(61 * MINUTE);
    await pass(200);
    alive?.emit('loaded');
    await pass(51 * MINUTE);
    expect(alive?.tokens).toEqual(['token-2', 'token-3']);
  });

  it('is repeated without an error while the old token is valid', async () => {
    const { embed, errors } = await shown();
    page.api.once(() => problem('upstream-failed', 502));
    page.api.once(() => problem('upstream-timeout', 504));
    await pass(50 * MINUTE);
    expect(embed.tokens).toEqual([]);
    await pass(15_000);
    expect(embed.tokens).toEqual(['token-2']);
    expect(errors).toEqual([]);
  });

  it('reports one error when the token has expired, and recovers automatically', async () => {
    const { embed, errors, handle } = await shown();
    await pass(49 * MINUTE);
    for (let n = 0; n < 18; n++) page.api.once(() => problem('upstream-failed', 502));
    await pass(14 * MINUTE);
    expect(errors.map(({ code }) => code)).toEqual(['upstream-failed']);
    expect(handle.state).toBe('error');
    await pass(10 * MINUTE);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
    expect(handle.state).toBe('rendered');
    expect(handle.error).toBeUndefined();
  });

  it('is repeated at once when the page is online again', async () => {
    const { embed } = await shown();
    await pass(49.9 * MINUTE);
    for (let n = 0; n < 4; n++) page.api.once(() => Promise.reject(new TypeError('offline')));
    await pass(0.1 * MINUTE + 8000);
    expect(page.api.to('/token')).toHaveLength(4);
    window.dispatchEvent(new Event('online'));
    await pass(0);
    expect(embed.tokens).toEqual(['token-2']);
  });

  it('removes a report that the caller may no longer see, and no other report', async () => {
    const elements = ['a', 'b', 'c'].map((dataset) => ({ dataset, element: page.element() }));
    const handles = elements.map(({ dataset, element }) => page.dynabind.embed(element, { report: 'sales', dataset }));
    const embeds = await Promise.all(elements.map(({ element }) => show(page, element)));
    page.api.refused.add('b');
    await pass(50 * MINUTE);
    expect(handles.map((handle) => handle.state)).toEqual(['rendered', 'error', 'rendered']);
    expect(elements[1]?.element.children).toHaveLength(0);
    expect(embeds.map((embed) => embed.tokens.length)).toEqual([1, 0, 1]);
  });

  it('keeps the report while the sign-in fails, and calls the sign-in at most once a minute', async () => {
    const element = page.element();
    let signedIn = true;
    const getAccessToken = vi.fn(() => {
      if (!signedIn) throw new Error('popup blocked');
      return 'caller-token';
    });
    const handle = page.client({ getAccessToken }).embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    const errors = errorsOf(handle);
    signedIn = false;
    await pass(51 * MINUTE);
    expect(getAccessToken).toHaveBeenCalledTimes(3);
    expect(errors.map(({ code }) => code)).toEqual(['sign-in-failed']);
    expect(handle.state).toBe('rendered');
    signedIn = true;
    await pass(MINUTE);
    expect(embed.tokens).toEqual(['token-2']);
    handle.dispose();
  });

  it('reports a token that the iframe refuses', async () => {
    const { embed, handle, errors } = await shown();
    embed.tokenAnswer = () => Promise.reject({ message: 'PowerBINotAuthorizedException' });
    await expect(handle.refresh()).rejects.toMatchObject({ code: 'token-refused' });
    expect(errors.map(({ code, detail }) => [code, detail])).toEqual([['token-refused', 'PowerBINotAuthorizedException']]);
  });

  it('requests another token soon after a refused one, and then less and less often', async () => {
    const { embed, handle } = await shown();
    embed.tokenAnswer = () => Promise.reject({ message: 'PowerBINotAuthorizedException' });
    await pass(50 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(1);
    await pass(4 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(4);
    embed.tokenAnswer = () => Promise.resolve();
    await pass(4 * MINUTE);
    expect(embed.tokens).toHaveLength(1);
    expect([handle.state, handle.error]).toEqual(['rendered', undefined]);
    await pass(40 * MINUTE);
    expect(embed.tokens).toHaveLength(1);
  });

  it('does not load a report with a token that it has refused', async () => {
    const { embed, handle } = await shown();
    embed.tokenAnswer = () => Promise.reject({ message: 'PowerBINotAuthorizedException' });
    await handle.refresh().catch(() => undefined);
    await pass(31_000);
    const calls = page.api.to('/token').length;
    embed.emit('error', { message: 'TokenExpired' });
    await pass(200);
    expect(embed.loads.map(({ accessToken }) => accessToken)).not.toContain('token-2');
    expect(page.api.to('/token').length).toBeLessThanOrEqual(calls + 1);
  });

  it('stops waiting for an iframe that no longer answers', async () => {
    const { embed, handle } = await shown();
    embed.tokenAnswer = () => new Promise(() => undefined);
    const refused = expect(handle.refresh()).rejects.toMatchObject({ code: 'token-refused' });
    await pass(30_000);
    await refused;
  });
});

describe('with a wrong clock', () => {
  it.each([-3 * 60 * MINUTE, 3 * 60 * MINUTE])('uses the service’s seconds, %i ms away', async (skew) => {
    page.api.skew = skew;
    const { embed } = await shown();
    await pass(49 * MINUTE);
    expect(embed.tokens).toEqual([]);
    await pass(1.1 * MINUTE);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
  });

  it.each([-5 * 60 * MINUTE, 5 * 60 * MINUTE])('renews and keeps the view when the clock is set %i ms away', async (jump) => {
    const { embed, errors } = await shown();
    vi.setSystemTime(Date.now() + jump);
    await pass(51 * MINUTE);
    expect(embed.tokens.length).toBeGreaterThanOrEqual(1);
    expect(page.api.to('/token').length).toBeLessThanOrEqual(2);
    expect(embed.loads).toHaveLength(1);
    expect(errors).toEqual([]);
  });
});

describe('unusable answers', () => {
  it('do not cause a storm of renewals when they have expired already', async () => {
    page.api.lifetime = 0;
    const { embed } = await shown();
    const times: number[] = [];
    const expire = setInterval(() => embed.emit('error', { message: 'TokenExpired' }), 500);
    for (let second = 0; second < 600; second++) {
      const before = page.api.to('/token').length;
      await pass(1000);
      if (page.api.to('/token').length > before) times.push(second);
      if (second === 15) expect(times.length).toBeLessThanOrEqual(1);
    }
    clearInterval(expire);
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30);
    expect(times.length).toBeLessThanOrEqual(6);
    expect(embed.loads.length).toBeLessThanOrEqual(1 + times.length);
  });

  it('are requested less and less often', async () => {
    page.api.lifetime = 1000;
    await shown();
    await pass(60 * MINUTE);
    expect(page.api.to('/token').length).toBeLessThanOrEqual(11);
    expect(page.api.to('/token').length).toBeGreaterThanOrEqual(5);
  });
});

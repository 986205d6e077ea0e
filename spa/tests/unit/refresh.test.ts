import { describe, expect, it, vi } from 'vitest';
import { idOf, problem } from './support/fakeApi.js';
import { errorsOf, MINUTE, pass, show, sleepFor, usePage } from './support/page.js';

const page = usePage();

async function shown(dataset = 'a') {
  const element = page.element();
  const handle = page.dynabind.embed(element, { report: 'sales', dataset });
  return { element, handle, embed: await show(page, element), errors: errorsOf(handle) };
}

describe('token refresh', () => {
  it('sets a new token at refreshAfter and does not change the iframe', async () => {
    const { embed, handle } = await shown();
    const refreshed = vi.fn();
    handle.on('tokenRefreshed', refreshed);
    await pass(49 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(0);
    await pass(MINUTE);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
    expect(page.powerbi.embed).toHaveBeenCalledOnce();
    expect(refreshed).toHaveBeenCalledWith(expect.objectContaining({ tokenId: idOf('token-2') }));
    await pass(50 * MINUTE);
    expect(embed.tokens).toEqual(['token-2', 'token-3']);
  });

  it('leaves no token in the DOM or in powerbi-client', async () => {
    const { element } = await shown();
    await pass(51 * MINUTE);
    expect(element.outerHTML).not.toContain('token-');
    expect(page.powerbi.accessToken).toBe('');
  });

  it('sends one request for all reports that share a token', async () => {
    const elements = ['a', 'b', 'b'].map((dataset) => {
      const element = page.element();
      page.dynabind.embed(element, { report: 'sales', dataset });
      return element;
    });
    const embeds = await Promise.all(elements.map((element) => show(page, element)));
    await pass(50 * MINUTE);
    expect(page.api.to('/token').map((call) => call.bindings.map(({ dataset }) => dataset))).toEqual([['a', 'b']]);
    expect(embeds.map((embed) => embed.tokens)).toEqual([['token-2'], ['token-2'], ['token-2']]);
  });

  it('sends no request for reports that are no longer shown', async () => {
    const elements = [page.element(), page.element()];
    const handles = elements.map((element, at) => page.dynabind.embed(element, { report: 'sales', dataset: `d${at}` }));
    await Promise.all(elements.map((element) => show(page, element)));
    handles[0]?.dispose();
    await pass(50 * MINUTE);
    expect(page.api.to('/token').map((call) => call.bindings)).toEqual([[{ report: 'sales', dataset: 'd1', mode: 'view' }]]);
    handles[1]?.dispose();
    await pass(100 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('renews on focus after a sleep that stopped the timers', async () => {
    const { embed } = await shown();
    await sleepFor(55 * MINUTE);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
  });

  it('notices a sleep without an event within half a minute', async () => {
    const { embed } = await shown();
    vi.setSystemTime(Date.now() + 55 * MINUTE);
    await pass(30_000);
    expect(embed.tokens).toEqual(['token-2']);
  });

  it('keeps the view when the token expired during a sleep and the report has not noticed', async () => {
    const { embed, handle, errors } = await shown();
    await sleepFor(61 * MINUTE);
    await pass(200);
    window.dispatchEvent(new Event('focus'));
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(200);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
    expect(handle.state).toBe('rendered');
    expect(errors).toEqual([]);
  });

  it('renews, then reloads once, when the report wakes up with an expired token', async () => {
    const { embed, handle } = await shown();
    await sleepFor(61 * MINUTE);
    embed.emit('error', { message: 'TokenExpired' });
    await pass(200);
    window.dispatchEvent(new Event('focus'));
    await pass(200);
    expect(embed.loads.map((load) => load.accessToken)).toEqual(['token-1', 'token-2']);
    embed.emit('loaded');
    expect(handle.state).toBe('loaded');
    await pass(49 * MINUTE);
    expect(embed.loads).toHaveLength(2);
    expect(page.powerbi.embed).toHaveBeenCalledOnce();
  });

  it('waits for the 100 ms in which powerbi-client drops a load, independently of the clock that it was given', async () => {
    const dynabind = page.client({
      clock: {
        now: () => Date.now() * 10,
        setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
        clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
      },
    });
    const element = page.element();
    dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    embed.emit('error', { message: 'TokenExpired' });
    await pass(100);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(embed.loads).toHaveLength(1);
    await pass(20);
    expect(embed.loads).toHaveLength(2);
    dynabind.dispose();
  });

  it('renews and reloads once when Power BI says that the token has expired', async () => {
    const { embed, errors } = await shown();
    await pass(1000);
    embed.emit('error', { message: 'TokenExpired' });
    embed.emit('error', { message: 'TokenExpired' });
    await pass(200);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(embed.loads.map((load) => load.accessToken)).toEqual(['token-1', 'token-2']);
    expect(errors).toEqual([]);
  });

  it('stops when the renewed token has expired too', async () => {
    const { embed, errors, handle } = await shown();
    await pass(1000);
    embed.emit('error', { message: 'TokenExpired' });
    await pass(500);
    embed.emit('error', { message: 'TokenExpired' });
    await pass(500);
    expect(errors.map(({ code }) => code)).toEqual(['token-expired']);
    expect(handle.state).toBe('error');
    expect(page.api.to('/token')).toHaveLength(1);
  });

  it('reports once that a recovery failed', async () => {
    const { embed, errors, handle } = await shown();
    page.api.once(() => problem('upstream-failed', 502));
    embed.emit('error', { message: 'TokenExpired' });
    await pass(500);
    expect(errors.map(({ code }) => code)).toEqual(['token-expired']);
    expect(errors[0]?.cause).toMatchObject({ code: 'upstream-failed' });
    expect(handle.state).toBe('error');
    await pass(5_000);
    embed.emit('loaded');
    expect(embed.loads.at(-1)?.accessToken).toBe('token-2');
    expect(handle.state).toBe('loaded');
  });

  it('does not reload a new report that the user is creating', async () => {
    const element = page.element();
    page.dynabind.embed(element, { dataset: 'a', mode: 'create' });
    const embed = await show(page, element);
    await sleepFor(61 * MINUTE);
    await pass(200);
    expect(embed.tokens).toEqual(['token-2']);
    expect(embed.loads).toHaveLength(1);
  });

  it('sets a token that arrived while the report was loading', async () => {
    const element = page.element();
    page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(200);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await sleepFor(55 * MINUTE);
    expect(embed.tokens).toEqual([]);
    embed.emit('loaded');
    await pass(0);
    expect(embed.tokens).toEqual(['token-2']);
  });

  it('loads with the newest token when the iframe is slow', async () => {
    const element = page.element();
    page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(200);
    await sleepFor(61 * MINUTE);
    const embed = page.powerbi.on(element);
    embed.iframeReady();
    await pass(0);
    expect(embed.loads.map((load) => load.accessToken)).toEqual(['token-2']);
  });

  it('renews on request, once for many requests at the same time', async () => {
    const { embed, handle } = await shown();
    await Promise.all([handle.refresh(), handle.refresh()]);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(embed.tokens).toEqual(['token-2']);
  });

  it('rejects when a requested refresh fails', async () => {
    const { handle, errors } = await shown();
    page.api.once(() => problem('upstream-failed', 502));
    await expect(handle.refresh()).rejects.toMatchObject({ code: 'upstream-failed' });
    expect(errors).toEqual([]);
    expect(handle.state).toBe('rendered');
  });
});

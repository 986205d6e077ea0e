import { describe, expect, it } from 'vitest';
import { idOf, problem } from './support/fakeApi.js';
import { errorsOf, MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();
const embed = (dataset: string) => {
  const element = page.element();
  return { element, handle: page.dynabind.embed(element, { report: 'sales', dataset }) };
};
const datasets = (path: string) => page.api.to(path).map((call) => call.bindings.map(({ dataset }) => dataset));

describe('bindings that cannot share a token', () => {
  it('get separate requests; the rest stays together', async () => {
    page.api.apart.add('b').add('d');
    const all = ['a', 'b', 'c', 'd', 'e'].map(embed);
    const embeds = await Promise.all(all.map(({ element }) => show(page, element)));
    expect(datasets('/config')).toEqual([['a', 'b', 'c', 'd', 'e'], ['b'], ['d'], ['a', 'c', 'e']]);
    expect(embeds.map(({ config }) => config.datasetBinding?.datasetId)).toEqual(['a', 'b', 'c', 'd', 'e'].map(idOf));
    expect(new Set(embeds.map(({ config }) => config.accessToken)).size).toBe(3);
  });

  it('are remembered, for embedding and for renewing', async () => {
    page.api.apart.add('b');
    const first = ['a', 'b'].map(embed);
    await Promise.all(first.map(({ element }) => show(page, element)));
    const before = page.api.calls.length;
    const second = ['b', 'c'].map(embed);
    await Promise.all(second.map(({ element }) => show(page, element)));
    expect(datasets('/config').slice(before)).toEqual([['b'], ['c']]);
    await pass(50 * MINUTE);
    expect(datasets('/token').sort()).toEqual([['a', 'c'], ['b']]);
  });

  it('are split during a renewal, and no report is reloaded', async () => {
    const all = ['a', 'b', 'c'].map(embed);
    const embeds = await Promise.all(all.map(({ element }) => show(page, element)));
    page.api.apart.add('c');
    await pass(50 * MINUTE);
    expect(datasets('/token')).toEqual([['a', 'b', 'c'], ['c'], ['a', 'b']]);
    expect(embeds.map(({ tokens }) => tokens.length)).toEqual([1, 1, 1]);
    expect(all.map(({ handle }) => handle.state)).toEqual(['rendered', 'rendered', 'rendered']);
  });

  it('are found by halving if the refusal names none', async () => {
    page.api.once(() => problem('bindings-conflict', 400));
    const all = ['a', 'b', 'c', 'd'].map(embed);
    await Promise.all(all.map(({ element }) => show(page, element)));
    expect(datasets('/config')).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd']]);
  });

  it('are an error if there is only one of them', async () => {
    page.api.once(() => problem('bindings-conflict', 400, {}, { errors: [{ pointer: '/bindings/0', detail: 'x' }] }));
    const { handle } = embed('a');
    await pass(200);
    await expect(handle.ready).rejects.toMatchObject({ code: 'bindings-conflict' });
    expect(page.api.calls).toHaveLength(1);
  });

  it('do not affect other bindings when one is refused finally', async () => {
    page.api.apart.add('b');
    page.api.refused.add('b');
    const all = ['a', 'b', 'c'].map(embed);
    await pass(200);
    expect(all.map(({ handle }) => handle.state)).toEqual(['loading', 'error', 'loading']);
  });
});

describe('reports that are embedded one after the other', () => {
  it('are renewed in one call', async () => {
    const embeds = [];
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) {
      embeds.push(await show(page, embed(key).element));
      await pass(20_000);
    }
    expect(page.api.to('/config')).toHaveLength(10);
    await pass(60 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(1);
    expect(page.api.to('/token')[0]?.bindings).toHaveLength(10);
    expect(embeds.map(({ tokens }) => tokens)).toEqual(embeds.map(() => ['token-11']));
    await pass(60 * MINUTE);
    expect(page.api.to('/token')).toHaveLength(2);
  });

  it('are not renewed early because another one is shown much later', async () => {
    await show(page, embed('a').element);
    await pass(30 * MINUTE);
    await show(page, embed('b').element);
    await pass(21 * MINUTE);
    expect(datasets('/token')).toEqual([['a']]);
  });

  it('do not lose their tokens when one of them is refused', async () => {
    const one = embed('a');
    await show(page, one.element);
    await pass(1000);
    const two = embed('b');
    const shown = await show(page, two.element);
    const errors = errorsOf(one.handle);
    page.api.refused.add('a');
    await pass(51 * MINUTE);
    expect(errors.map(({ code }) => code)).toEqual(['not-entitled']);
    expect(shown.tokens).toHaveLength(1);
  });
});

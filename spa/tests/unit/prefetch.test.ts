import { describe, expect, it } from 'vitest';
import { idOf, problem } from './support/fakeApi.js';
import { MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();
const sales = { report: 'sales', dataset: 'a' };
const costs = { report: 'costs', dataset: 'a' };
const requests = () => page.api.to('/config').map(({ bindings }) => bindings);

describe('prefetch', () => {
  it('requests the configs when the client is created, in one request, and embed() uses them', async () => {
    const client = page.client({ prefetch: [sales, costs] });
    await pass(10);
    const asked = [sales, costs].map((binding) => ({ ...binding, mode: 'view' }));
    expect(requests()).toEqual([asked]);
    const elements = [page.element(), page.element()];
    client.embed(elements[0] as HTMLElement, sales);
    client.embed(elements[1] as HTMLElement, costs);
    for (const element of elements) await show(page, element);
    expect(requests()).toHaveLength(1);
    expect(page.powerbi.all.map(({ config }) => config.id)).toEqual(['sales', 'costs'].map(idOf));
    await pass(50 * MINUTE);
    expect(page.api.to('/token').map(({ bindings }) => bindings)).toEqual([asked]);
    client.dispose();
  });

  it('makes an embed() before the answer wait for it', async () => {
    page.api.latency = 100;
    const client = page.client({ prefetch: [sales] });
    await pass(50);
    const element = page.element();
    client.embed(element, sales);
    await pass(60);
    expect(page.powerbi.on(element).config.datasetBinding).toEqual({ datasetId: idOf('a') });
    expect(requests()).toHaveLength(1);
    client.dispose();
  });

  it('serves one embed(), and only of the same binding', async () => {
    const client = page.client({ prefetch: [sales] });
    await pass(10);
    client.embed(page.element(), { ...sales, dataset: 'b' });
    client.embed(page.element(), sales);
    client.embed(page.element(), sales);
    await pass(10);
    expect(requests().map((bindings) => bindings.map(({ dataset }) => dataset))).toEqual([['a'], ['b', 'a']]);
    client.dispose();
  });

  it('is not used when its token is due for renewal', async () => {
    const client = page.client({ prefetch: [sales] });
    await pass(51 * MINUTE);
    const element = page.element();
    client.embed(element, sales);
    await pass(10);
    expect(requests()).toHaveLength(2);
    expect(page.powerbi.on(element).config.accessToken).toBe('token-2');
    client.dispose();
  });

  it('is repeated by embed() if it failed', async () => {
    page.api.once(() => problem('upstream-failed', 502));
    const client = page.client({ prefetch: [sales] });
    await pass(10);
    const element = page.element();
    client.embed(element, sales);
    await pass(10);
    expect(page.powerbi.on(element).config.accessToken).toBe('token-1');
    client.dispose();
  });

  it('ends with the sign-out, and is not used for the next user', async () => {
    const client = page.client({ prefetch: [sales] });
    await pass(10);
    client.signOut();
    const element = page.element();
    client.embed(element, sales);
    await pass(10);
    expect(page.powerbi.on(element).config.accessToken).toBe('token-2');
    client.dispose();
  });
});

it('the page connects early to the API and to Power BI', () => {
  const options = { apiUrl: 'https://early.example.com/prod/', powerBiUrl: 'https://app.powerbigov.us' };
  for (const _ of [1, 2]) page.client(options).dispose();
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel=preconnect]')];
  const early = links.map(({ href }) => href).filter((href) => /early|gov/.test(href));
  expect(early).toEqual(['https://early.example.com/prod', 'https://app.powerbigov.us/']);
  expect(links.map(({ href }) => href)).toContain('https://app.powerbi.com/');
});

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Binding } from '@dynabind/client';
import { configOf, idOf } from './support/fakeApi.js';
import { errorsOf, pass, show, usePage } from './support/page.js';

type Json = Record<string, unknown>;

const page = usePage();
const openapi = parse(readFileSync(`${import.meta.dirname}/../../../openapi.yaml`, 'utf8')) as Json;
const ajv = new Ajv2020({ strict: false, validateFormats: true, formats: { uuid: /^[0-9a-f-]{36}$/i, 'date-time': true } });
ajv.addSchema(openapi, 'openapi.yaml');
const fits = ajv.compile({ $ref: 'openapi.yaml#/components/schemas/ConfigResponse' });

const BINDINGS: Record<string, Binding> = {
  view: { report: 'sales', dataset: 'a', mode: 'view' },
  edit: { report: 'sales', dataset: 'a', mode: 'edit' },
  create: { dataset: 'a', mode: 'create' },
  paginated: { report: 'invoice', dataset: 'a', mode: 'view' },
};
const LIFE = {
  expiration: '2026-11-24T04:00:00Z',
  refreshAfter: '2026-11-24T03:50:00Z',
  lifetimeSeconds: 3600,
  refreshAfterSeconds: 3000,
};
const SCENARIOS: Record<string, (binding: Binding) => Json> = {
  customers: (binding) => ({ configs: [configOf(binding, 'token')], tokenId: idOf('id'), ...LIFE }),
  organization: (binding) => ({ configs: [{ ...configOf(binding, 'token'), tokenType: 0 }], ...LIFE }),
  'organization, with the page’s token': (binding) => ({ configs: [configOf(binding, undefined)], scopes: ['s'] }),
};
const WRONG = [undefined, null, '', 'text', '1', 5, true, [], {}, [null], ['x']];

/** Every part of a value, with a function that returns the whole value with this part replaced. */
function* parts(value: unknown, replace: (part: unknown) => unknown, path = ''): Generator<[string, (part: unknown) => unknown]> {
  if (path) yield [path, replace];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    const replaced = (other: unknown) => {
      if (Array.isArray(value)) return replace(value.map((old: unknown, at) => (String(at) === name ? other : old)));
      return replace({ ...value, [name]: other });
    };
    yield* parts(part, replaced, `${path}/${name}`);
  }
}

async function answered(binding: Binding, answer: unknown) {
  const element = page.element();
  page.api.once(() => Response.json(answer));
  const dynabind = page.client({ getPowerBiToken: () => 'user-token' });
  const handle = dynabind.embed(element, binding);
  const errors = errorsOf(handle);
  await pass(200);
  const result = { codes: errors.map(({ code }) => code), iframes: element.children.length, detail: errors[0]?.detail };
  handle.dispose();
  return result;
}

describe.each(Object.keys(SCENARIOS))('an answer of /config (%s)', (scenario) => {
  it.each(Object.keys(BINDINGS))('is embedded if it is correct: %s', async (mode) => {
    const binding = BINDINGS[mode] as Binding;
    const answer = SCENARIOS[scenario]?.(binding);
    expect(fits(answer), ajv.errorsText(fits.errors)).toBe(true);
    expect(await answered(binding, answer)).toEqual({ codes: [], iframes: 1, detail: undefined });
  });

  it.each(Object.keys(BINDINGS))('is refused before there is an iframe if openapi.yaml does not allow it: %s', async (mode) => {
    const binding = BINDINGS[mode] as Binding;
    const answer = SCENARIOS[scenario]?.(binding) as Json;
    let refused = 0;
    for (const [path, replace] of parts(answer, (other) => other)) {
      if (!/^\/(configs|scopes)/.test(path)) continue;
      for (const wrong of WRONG) {
        const changed = JSON.parse(JSON.stringify(replace(wrong) ?? null)) as unknown;
        if (fits(changed)) continue;
        const { codes, iframes } = await answered(binding, changed);
        expect([path, wrong, codes, iframes]).toEqual([path, wrong, ['unexpected-answer'], 0]);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

describe('an answer that openapi.yaml allows, but that does not match the request', () => {
  const other = (change: Json, binding = 'view') => {
    const asked = BINDINGS[binding] as Binding;
    return answered(asked, { configs: [{ ...configOf(asked, 'token'), ...change }], ...LIFE });
  };
  const refused = { codes: ['unexpected-answer'], iframes: 0 };
  const replacement = (target: string) => [{ sourceDatasetId: idOf('own'), targetDatasetId: idOf(target) }];

  it.each([
    ['an http address', { embedUrl: 'http://app.powerbi.com/reportEmbed' }],
    ['a foreign address', { embedUrl: 'https://app.powerbi.com.example.org/reportEmbed' }],
    ['an address that ends like Power BI’s', { embedUrl: 'https://evilpowerbi.com/reportEmbed' }],
    ['an address of another report', { embedUrl: `https://app.powerbi.com/reportEmbed?reportId=${idOf('other')}` }],
    ['a paginated report’s address', { embedUrl: 'https://app.powerbi.com/rdlEmbed' }],
    ['no address', { embedUrl: 'https://' }],
    ['more permissions than requested', { permissions: 1 }],
    ['editing', { viewMode: 1 }],
    ['the binding under a paginated report’s key', { datasetBinding: undefined, datasetBindings: replacement('a') }],
    ['a paginated part over another dataset', {
      datasetBinding: { datasetId: idOf('a'), paginatedReportBindings: replacement('b') },
    }],
  ])('is refused: %s', async (_, change) => {
    expect(await other(change)).toMatchObject(refused);
  });

  it('is refused: view instead of edit', async () => {
    expect(await other({ permissions: 0, viewMode: 0 }, 'edit')).toMatchObject(refused);
  });

  it('is refused: an existing report instead of a new one, and vice versa', async () => {
    expect(await answered(BINDINGS.create as Binding, { configs: [configOf(BINDINGS.view as Binding, 't')], ...LIFE })).toMatchObject(refused);
    expect(await answered(BINDINGS.view as Binding, { configs: [configOf(BINDINGS.create as Binding, 't')], ...LIFE })).toMatchObject(refused);
  });

  it('is refused: a dataset other than the requested id', async () => {
    const binding = { report: 'sales', dataset: idOf('a'), mode: 'view' as const };
    const config = { ...configOf(binding, 't'), datasetBinding: { datasetId: idOf('b') } };
    expect(await answered(binding, { configs: [config], ...LIFE })).toMatchObject(refused);
    const right = { ...config, datasetBinding: { datasetId: idOf('a').toUpperCase() } };
    expect(await answered(binding, { configs: [right], ...LIFE })).toMatchObject({ codes: [], iframes: 1 });
  });

  it('is refused: a dataset other than the one that the list has for the key', async () => {
    const dataset = { dataset: 'a', datasetId: idOf('a') };
    page.api.once(() => Response.json({ reports: [], datasets: [dataset] }));
    await page.dynabind.datasets();
    page.api.once(() => Response.json({ configs: [configOf({ report: 'sales', dataset: 'b' }, 't')], ...LIFE }));
    const handle = page.dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
    await pass(200);
    await expect(handle.ready).rejects.toMatchObject({ code: 'unexpected-answer', detail: expect.stringContaining('datasetBinding') });
    expect(page.powerbi.all).toHaveLength(0);
  });

  it('is refused: two tokens in one answer', async () => {
    page.api.once(({ bindings }) =>
      Response.json({ configs: bindings.map((binding, at) => configOf(binding, `token-${at}`)), ...LIFE }),
    );
    const handles = ['a', 'b'].map((key) => page.dynabind.embed(page.element(), { report: 'sales', dataset: key }));
    await pass(200);
    for (const { ready } of handles) await expect(ready).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  it('loses fields that the client does not know', async () => {
    const element = page.element();
    const binding = BINDINGS.view as Binding;
    const config = { ...configOf(binding, 't'), datasetBindings: replacement('b'), hostname: 'https://x.example', pageName: 'p' };
    page.api.once(() => Response.json({ configs: [config], ...LIFE }));
    page.dynabind.embed(element, binding);
    const embed = await show(page, element);
    expect(embed.config).toEqual(configOf(binding, 't'));
  });
});

describe('an answer of /token', () => {
  it.each([
    ['no token', { token: undefined }],
    ['an empty token', { token: '' }],
    ['a token that is not a text', { token: 5 }],
    ['a token of the other scenario', { tokenType: 'Aad' }],
    ['no type', { tokenType: undefined }],
  ])('is refused if it has %s', async (_, change) => {
    const element = page.element();
    const handle = page.dynabind.embed(element, BINDINGS.view as Binding);
    const embed = await show(page, element);
    page.api.once(() => Response.json({ tokenType: 'Embed', token: 't', ...LIFE, ...change }));
    await expect(handle.refresh()).rejects.toMatchObject({ code: 'unexpected-answer' });
    expect(embed.tokens).toEqual([]);
  });
});

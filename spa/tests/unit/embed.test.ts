import { describe, expect, it } from 'vitest';
import { DynabindError } from '@dynabind/client';
import { idOf, problem } from './support/fakeApi.js';
import { errorsOf, pass, show, usePage } from './support/page.js';

const page = usePage();

describe('embed', () => {
  it('passes the config of the service to powerbi-client and becomes ready', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'contoso-sales' });
    expect(handle.state).toBe('loading');
    const seen: string[] = [];
    handle.on('loaded', () => seen.push('loaded'));
    handle.on('rendered', () => seen.push('rendered'));
    const embed = await show(page, element);
    await handle.ready;
    expect(embed.config).toMatchObject({ type: 'report', tokenType: 1, datasetBinding: { datasetId: idOf('contoso-sales') } });
    expect(embed.iframe.title).toBe('Power BI report sales');
    expect(seen).toEqual(['loaded', 'rendered']);
    expect(handle.state).toBe('rendered');
    expect(page.api.calls[0]?.authorization).toBe('Bearer caller-token');
  });

  it('lets the page add settings but not replace the binding', async () => {
    const element = page.element();
    const config = { pageName: 'p2', datasetBinding: { datasetId: idOf('other') } };
    page.dynabind.embed(element, { report: 'sales', dataset: 'contoso-sales', config });
    const embed = await show(page, element);
    expect(embed.config).toMatchObject({ pageName: 'p2', datasetBinding: { datasetId: idOf('contoso-sales') } });
  });

  it('creates a report in mode create', async () => {
    const element = page.element();
    page.dynabind.embed(element, { dataset: 'contoso-sales', mode: 'create' });
    const embed = await show(page, element);
    expect(page.powerbi.createReport).toHaveBeenCalledOnce();
    expect(embed.config).toMatchObject({ type: 'create', datasetId: idOf('contoso-sales') });
  });

  it('sends one request for all reports of the same tick, with each binding once', async () => {
    const elements = ['a', 'b', 'b', 'c'].map((dataset) => {
      const element = page.element();
      page.dynabind.embed(element, { report: 'sales', dataset });
      return element;
    });
    await Promise.all(elements.map((element) => show(page, element)));
    expect(page.api.calls).toHaveLength(1);
    expect(page.api.calls[0]?.bindings.map(({ dataset }) => dataset)).toEqual(['a', 'b', 'c']);
    expect(new Set(page.powerbi.all.map((embed) => embed.config.accessToken))).toEqual(new Set(['token-1']));
  });

  it('requests at most 50 bindings in one call', async () => {
    for (let n = 0; n < 60; n++) page.dynabind.embed(page.element(), { report: 'sales', dataset: `d${n}` });
    await pass(200);
    expect(page.api.calls.map((call) => call.bindings.length)).toEqual([50, 10]);
  });

  it('shows the other reports when one binding is refused', async () => {
    page.api.refused.add('c');
    const elements = ['a', 'b', 'c', 'd'].map((dataset) => ({ dataset, element: page.element() }));
    const handles = elements.map(({ dataset, element }) => page.dynabind.embed(element, { report: 'sales', dataset }));
    await pass(200);
    const shown = page.powerbi.all.map((embed) => embed.config.datasetBinding?.datasetId);
    expect(shown.sort()).toEqual(['a', 'b', 'd'].map(idOf));
    await expect(handles[2]?.ready).rejects.toMatchObject({ code: 'not-entitled', status: 403, requestId: 'req-1' });
    expect(handles.map((handle) => handle.state)).toEqual(['loading', 'loading', 'error', 'loading']);
  });

  it('requests the rest at once if the problem names the wrong binding', async () => {
    page.api.once(() =>
      problem('dataset-required', 400, {}, { errors: [{ pointer: '/bindings/1/dataset', detail: 'name one' }] }),
    );
    const handles = ['a', 'b', 'c'].map((dataset) => page.dynabind.embed(page.element(), { report: 'sales', dataset }));
    await pass(200);
    await expect(handles[1]?.ready).rejects.toMatchObject({ code: 'dataset-required' });
    expect(page.api.calls.map((call) => call.bindings.length)).toEqual([3, 2]);
    expect(page.powerbi.all).toHaveLength(2);
  });

  it('gives an element to the last report that is embedded into it', async () => {
    const element = page.element();
    const first = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const second = page.client().embed(element, { report: 'sales', dataset: 'b' });
    const embed = await show(page, element);
    expect(first.state).toBe('disposed');
    expect(second.state).toBe('rendered');
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('b') });
    expect(page.api.calls).toHaveLength(1);
    second.dispose();
  });

  it('reports a config that powerbi-client refuses, and leaves no iframe', async () => {
    const element = page.element();
    page.powerbi.embed.mockImplementationOnce((target) => {
      target.append(document.createElement('iframe'));
      throw [{ message: 'datasetBinding cannot be empty' }];
    });
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(200);
    await expect(handle.ready).rejects.toMatchObject({ code: 'config-refused', detail: 'datasetBinding cannot be empty' });
    expect(element.children).toHaveLength(0);
  });

  it('turns a load that the iframe refuses into an error event', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    const errors = errorsOf(handle);
    await pass(200);
    const embed = page.powerbi.on(element);
    embed.answer = () => Promise.reject({ message: 'Invalid parameters', detailedMessage: 'no id' });
    embed.iframeReady();
    await pass(0);
    expect(errors.map(({ code, detail }) => [code, detail])).toEqual([['load-refused', 'Invalid parameters: no id']]);
    expect(handle.state).toBe('error');
  });

  it('reports an error when the report never answers', async () => {
    const handle = page.dynabind.embed(page.element(), { report: 'sales', dataset: 'a' });
    await pass(200);
    await pass(60_000);
    await expect(handle.ready).rejects.toMatchObject({ code: 'load-timeout' });
  });

  it('continues when a listener throws', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    handle.on('loaded', () => {
      throw new Error('of the page');
    });
    const rethrown = expect(show(page, element).then(() => pass(1))).rejects.toThrow('of the page');
    await handle.ready;
    await rethrown;
    expect(handle.state).toBe('rendered');
  });

  it('throws after dispose', () => {
    page.dynabind.dispose();
    expect(() => page.dynabind.embed(page.element(), { report: 'sales' })).toThrow(DynabindError);
  });
});

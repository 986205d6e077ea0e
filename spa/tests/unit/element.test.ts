import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineDynabindReport, type DynabindReportElement } from '@dynabind/element';
import { idOf } from './support/fakeApi.js';
import { pass, show, usePage } from './support/page.js';

const page = usePage();

beforeAll(() => defineDynabindReport());
beforeEach(() => defineDynabindReport(page.dynabind));

function added(attributes: Record<string, string>): DynabindReportElement {
  const element = document.createElement('dynabind-report') as DynabindReportElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.append(element);
  return element;
}

describe('<dynabind-report>', () => {
  it('embeds the binding in its attributes', async () => {
    const element = added({ report: 'sales', dataset: 'a', label: 'Sales overview' });
    const embed = await show(page, element);
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('a') });
    expect(embed.iframe.title).toBe('Sales overview');
    expect([element.state, element.style.display]).toEqual(['rendered', 'block']);
  });

  it('accepts the properties that frameworks set, even `dataset`, which browsers already have', async () => {
    const element = added({});
    Object.assign(element, { report: 'sales', dataset: 'a' });
    const embed = await show(page, element);
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('a') });
    expect(element.getAttribute('dataset')).toBe('a');
    expect(() => element.dataset.testid).not.toThrow();
  });

  it('switches the dataset, and embeds again for another report or mode', async () => {
    const element = added({ report: 'sales', dataset: 'a' });
    await show(page, element);
    const { handle } = element;
    element.setAttribute('dataset', 'b');
    await show(page, element);
    expect(element.handle).toBe(handle);
    element.setAttribute('report', 'costs');
    element.setAttribute('mode', 'edit');
    const embed = await show(page, element);
    expect(element.handle).not.toBe(handle);
    expect([embed.config.id, embed.config.viewMode]).toEqual([idOf('costs'), 1]);
    expect(page.api.calls).toHaveLength(3);
  });

  it('dispatches the events of the handle', async () => {
    const element = added({ report: 'sales', dataset: 'a' });
    const heard = vi.fn();
    for (const name of ['statechange', 'loaded', 'rendered', 'tokenrefreshed']) {
      document.body.addEventListener(`dynabind-${name}`, () => heard(name), { once: true });
    }
    await show(page, element);
    await element.handle?.refresh();
    expect(heard.mock.calls.flat()).toEqual(['statechange', 'loaded', 'rendered', 'tokenrefreshed']);
  });

  it('shows an error in the place of the report, unless it is quiet', async () => {
    page.api.refused.add('a');
    const element = added({ report: 'sales', dataset: 'a' });
    const quiet = added({ report: 'sales', dataset: 'a', quiet: '' });
    await pass(200);
    expect(element.querySelector('[role=alert]')?.textContent).toContain('no access');
    expect(element.error).toMatchObject({ code: 'not-entitled', fatal: true });
    expect(quiet.children).toHaveLength(0);
    page.api.refused.clear();
    element.retry();
    await show(page, element);
    expect(element.querySelector('[role=alert]')).toBeNull();
  });

  it('ends when it is removed, and not when it is moved', async () => {
    const element = added({ report: 'sales', dataset: 'a' });
    await show(page, element);
    const { handle } = element;
    page.element().append(element);
    await pass(0);
    expect([element.handle === handle, element.state]).toEqual([true, 'rendered']);
    element.remove();
    await pass(0);
    expect(handle?.state).toBe('disposed');
    document.body.append(element);
    await show(page, element);
    expect(element.state).toBe('rendered');
  });

  it('reports a client that was disposed', async () => {
    const heard = vi.fn();
    document.body.addEventListener('dynabind-error', (event) => heard((event as CustomEvent).detail.code), { once: true });
    page.dynabind.dispose();
    const element = added({ report: 'sales', dataset: 'a' });
    await pass(0);
    expect(element.querySelector('[role=alert]')?.textContent).toContain('closed');
    expect(heard).toHaveBeenCalledExactlyOnceWith('disposed');
  });

  it('waits for a client', async () => {
    const element = document.createElement('dynabind-report') as DynabindReportElement;
    element.client = page.client();
    element.config = { pageName: 'p2' };
    element.setAttribute('report', 'sales');
    document.body.append(element);
    const embed = await show(page, element);
    expect(embed.config.pageName).toBe('p2');
    element.remove();
    await pass(0);
  });
});

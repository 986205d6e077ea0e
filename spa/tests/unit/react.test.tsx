import { act, StrictMode, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Handle } from '@dynabind/client';
import { DynabindReport, useDynabind } from '@dynabind/react';
import { idOf, problem } from './support/fakeApi.js';
import { MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();
let root: Root;
let container: HTMLElement;

interface Props {
  dataset: string;
  report?: string;
}

function Sales({ dataset, report = 'sales' }: Props) {
  const { ref, state, error, warning, retry } = useDynabind(page.dynabind, { report, dataset });
  return (
    <section data-state={state} data-warning={warning?.code}>
      {error && <p onClick={retry}>{error.message}</p>}
      <div ref={ref} />
    </section>
  );
}

/** A common pattern: the component removes the element as soon as there is an error. */
function Careless({ dataset }: Props) {
  const { ref, error } = useDynabind(page.dynabind, { report: 'sales', dataset });
  return <section>{error ? <p>{error.message}</p> : <div ref={ref} />}</section>;
}

const render = (node: ReactNode) => act(async () => root.render(<StrictMode>{node}</StrictMode>));
const target = () => container.querySelector<HTMLElement>('section > div') as HTMLElement;
const shown = async () => {
  let embed: Awaited<ReturnType<typeof show>> | undefined;
  await act(async () => void (embed = await show(page, target())));
  return embed as NonNullable<typeof embed>;
};
const section = () => container.querySelector('section')?.dataset;
const text = () => container.querySelector('p')?.textContent;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  container = page.element();
  root = createRoot(container);
});
afterEach(() => act(async () => root.unmount()));

describe('useDynabind', () => {
  it('embeds once, also in strict mode', async () => {
    await render(<Sales dataset="a" />);
    await shown();
    expect(section()?.state).toBe('rendered');
    expect(page.powerbi.all).toHaveLength(1);
    expect(page.api.calls).toHaveLength(1);
  });

  it('switches when the dataset changes, and does nothing when it does not', async () => {
    await render(<Sales dataset="a" />);
    await shown();
    await render(<Sales dataset="a" />);
    expect(page.powerbi.all).toHaveLength(1);
    await render(<Sales dataset="b" />);
    expect(section()?.state).toBe('loading');
    const embed = await shown();
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('b') });
    expect(page.powerbi.all).toHaveLength(2);
  });

  it('embeds again for another report', async () => {
    await render(<Sales dataset="a" />);
    await shown();
    await render(<Sales dataset="a" report="costs" />);
    const embed = await shown();
    expect(embed.config.id).toBe(idOf('costs'));
    expect(page.powerbi.all.filter(({ iframe }) => iframe.isConnected)).toHaveLength(1);
  });

  it('keeps the report when a renewal fails', async () => {
    await render(<Sales dataset="a" />);
    const embed = await shown();
    embed.tokenAnswer = () => Promise.reject({ message: 'busy' });
    await act(() => pass(51 * MINUTE));
    expect([section()?.state, section()?.warning, text()]).toEqual(['rendered', 'token-refused', undefined]);
    expect(embed.iframe.isConnected).toBe(true);
  });

  it('shows a granted dataset after a refused one', async () => {
    page.api.refused.add('c');
    await render(<Sales dataset="c" />);
    await act(() => pass(200));
    expect([section()?.state, text()]).toEqual(['error', expect.stringContaining('no access')]);
    await render(<Sales dataset="a" />);
    expect(text()).toBeUndefined();
    await shown();
    expect(section()?.state).toBe('rendered');
  });

  it('tries again', async () => {
    page.api.once(() => problem('upstream-refused', 502));
    await render(<Sales dataset="a" />);
    await act(() => pass(200));
    await act(async () => container.querySelector('p')?.click());
    await shown();
    expect(section()?.state).toBe('rendered');
  });

  it('reports a client that was disposed', async () => {
    page.dynabind.dispose();
    await render(<Sales dataset="a" />);
    expect([section()?.state, text()]).toEqual(['error', 'This report was closed.']);
  });

  it('removes everything with the component', async () => {
    await render(<Sales dataset="a" />);
    await shown();
    await act(async () => root.render(null));
    expect(container.innerHTML).toBe('');
    await act(() => pass(3 * 60 * MINUTE));
    expect(page.api.calls).toHaveLength(1);
  });
});

describe('useDynabind in a component that removes the element on an error', () => {
  it('keeps the report when a renewal fails', async () => {
    await render(<Careless dataset="a" />);
    const embed = await shown();
    page.api.once(() => problem('unauthenticated', 401));
    page.api.once(() => problem('unauthenticated', 401));
    await act(() => pass(50 * MINUTE));
    expect(text()).toBeUndefined();
    expect(embed.iframe.isConnected).toBe(true);
    await act(() => pass(2 * MINUTE));
    expect(embed.tokens).toEqual(['token-2']);
  });

  it('shows a granted dataset after a refused one', async () => {
    page.api.refused.add('c');
    await render(<Careless dataset="c" />);
    await act(() => pass(200));
    expect(text()).toContain('no access');
    await render(<Careless dataset="a" />);
    const embed = await shown();
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('a') });
  });
});

describe('DynabindReport', () => {
  it('shows loading, the report, or the error with a way to try again', async () => {
    const handles = new Set<Handle>();
    const report = (dataset: string) => (
      <section>
        <DynabindReport
          dynabind={page.dynabind}
          report="sales"
          dataset={dataset}
          loading={<i>Loading…</i>}
          onHandle={(handle) => handles.add(handle)}
        />
      </section>
    );
    await render(report('a'));
    expect(container.querySelector('i')?.textContent).toBe('Loading…');
    const inner = () => container.querySelector<HTMLElement>('section > div > div:not([role])') as HTMLElement;
    await act(async () => void (await show(page, inner())));
    expect(container.querySelector('i')).toBeNull();
    page.api.refused.add('c');
    await render(report('c'));
    await act(() => pass(200));
    expect(container.querySelector('[role=alert]')?.textContent).toContain('no access');
    page.api.refused.clear();
    await act(async () => container.querySelector('button')?.click());
    await act(async () => void (await show(page, inner())));
    expect(container.querySelector('[role=alert]')).toBeNull();
    expect(page.powerbi.on(inner()).config.datasetBinding).toEqual({ datasetId: idOf('c') });
    expect([...handles].map(({ state }) => state)).toEqual(['disposed', 'rendered']);
  });
});

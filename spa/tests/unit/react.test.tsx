import { idOf } from './support/fakeApi.js';
import { act, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useDynabind } from '../../examples/react/useDynabind.js';
import { pass, show, usePage } from './support/page.js';

const page = usePage();
let root: Root;
let container: HTMLElement;

function Sales({ dataset }: { dataset: string }) {
  const { ref, state, error } = useDynabind(page.dynabind, 'sales', dataset);
  return (
    <section data-state={state}>
      <p>{error?.message}</p>
      <div ref={ref} />
    </section>
  );
}

const render = (dataset: string) => act(async () => root.render(<StrictMode><Sales dataset={dataset} /></StrictMode>));
const target = () => container.querySelector<HTMLElement>('section > div') as HTMLElement;
const shown = () => act(async () => void (await show(page, target())));
const state = () => container.querySelector('section')?.dataset.state;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  container = page.element();
  root = createRoot(container);
});
afterEach(() => act(async () => root.unmount()));

it('embeds once, also in strict mode', async () => {
  await render('a');
  await shown();
  expect(state()).toBe('rendered');
  expect(page.powerbi.all).toHaveLength(1);
  expect(page.api.calls).toHaveLength(1);
});

it('switches when the dataset changes, and does nothing when it does not', async () => {
  await render('a');
  await shown();
  await render('a');
  expect(page.powerbi.all).toHaveLength(1);
  await render('b');
  expect(state()).toBe('loading');
  await shown();
  expect(page.powerbi.on(target()).config.datasetBinding).toEqual({ datasetId: idOf('b') });
  expect(page.powerbi.all).toHaveLength(2);
});

it('tells of an error', async () => {
  page.api.refused.add('c');
  await render('c');
  await act(() => pass(200));
  expect(container.querySelector('p')?.textContent).toContain('no access');
  expect(state()).toBe('error');
});

it('takes everything away with the component', async () => {
  await render('a');
  await shown();
  await act(async () => root.render(null));
  expect(container.innerHTML).toBe('');
  await act(() => pass(3 * 60 * 60_000));
  expect(page.api.calls).toHaveLength(1);
});

import { describe, expect, it } from 'vitest';
import { configOf, idOf } from './support/fakeApi.js';
import { errorsOf, MINUTE, pass, show, usePage } from './support/page.js';

const page = usePage();

async function shown() {
  const element = page.element();
  const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
  return { element, handle, embed: await show(page, element), errors: errorsOf(handle) };
}

describe('switchDataset', () => {
  it('removes the old data from the screen at once and shows the new data', async () => {
    const { element, handle } = await shown();
    const switched = handle.switchDataset('b');
    expect(element.children).toHaveLength(0);
    expect(handle.state).toBe('loading');
    const embed = await show(page, element);
    await switched;
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('b') });
    expect(handle.binding).toEqual({ report: 'sales', dataset: 'b', mode: 'view' });
  });

  it('waits for the 100 ms in which powerbi-client drops a load', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(0);
    expect(page.powerbi.all).toHaveLength(1);
    void handle.switchDataset('b');
    await pass(100);
    expect(page.api.calls).toHaveLength(2);
    expect(page.powerbi.all).toHaveLength(1);
    await pass(20);
    expect(page.powerbi.all).toHaveLength(2);
  });

  it('shows the last of twenty quick switches, with one call, and settles all of them', async () => {
    const { element, handle } = await shown();
    const before = page.api.calls.length;
    const switches = Array.from({ length: 20 }, (_, n) => handle.switchDataset(`d${n}`));
    const embed = await show(page, element);
    await Promise.all(switches);
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('d19') });
    expect(page.api.calls).toHaveLength(before + 1);
    expect(page.powerbi.all).toHaveLength(2);
  });

  it('aborts the call of an outdated switch, whose answer may come last', async () => {
    const { element, handle } = await shown();
    let answerLate: ((response: Response) => void) | undefined;
    page.api.once(() => new Promise((resolve) => (answerLate = resolve)));
    void handle.switchDataset('slow');
    await pass(10);
    const overtaken = page.api.calls.at(-1);
    void handle.switchDataset('b');
    expect(overtaken?.signal.aborted).toBe(true);
    const embed = await show(page, element);
    answerLate?.(Response.json({ configs: [{}], expiration: '', refreshAfter: '' }));
    await pass(500);
    expect(embed.config.datasetBinding).toEqual({ datasetId: idOf('b') });
    expect(element.children).toHaveLength(1);
  });

  it.each([
    ['without', false],
    ['with', true],
  ])('shows the new data whenever it comes between the answer and the iframe, %s an iframe that has started', async (_, isKnown) => {
    const left: number[] = [];
    for (let ticks = 0; ticks < 40; ticks++) {
      const element = page.element();
      const handle = page.dynabind.embed(element, { report: isKnown ? 'sales' : `r${ticks}`, dataset: 'a' });
      page.api.once(() => {
        const response = Response.json({ configs: [configOf(handle.binding, 'x')], lifetimeSeconds: 3600, refreshAfterSeconds: 3000 });
        const json = response.json.bind(response);
        const afterTicks = async () => {
          for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
          void handle.switchDataset('b');
          for (let tick = 0; tick < 10; tick++) await Promise.resolve();
          left.push(element.children.length);
        };
        return Object.assign(response, { json: () => json().then((body: unknown) => (void afterTicks(), body)) });
      });
      await pass(0);
      await pass(300);
      const embed = page.powerbi.on(element);
      embed.iframeReady();
      await pass(0);
      expect(embed.loads.map(({ datasetId }) => datasetId), `after ${ticks} ticks`).toEqual([idOf('b')]);
      expect(element.children).toHaveLength(1);
      handle.dispose();
      element.remove();
    }
    expect(left).toEqual(Array(40).fill(0));
  }, 30_000);

  it('ignores later events of the old report', async () => {
    const { element, handle, embed, errors } = await shown();
    void handle.switchDataset('b');
    embed.emit('rendered');
    embed.emit('error', { message: 'LoadReportFailed' });
    expect(handle.state).toBe('loading');
    expect(errors).toEqual([]);
    await show(page, element);
  });

  it('leaves the element empty when the new dataset is refused, and can switch back', async () => {
    const { element, handle, errors } = await shown();
    page.api.refused.add('b');
    const switched = expect(handle.switchDataset('b')).rejects.toMatchObject({ code: 'not-entitled' });
    await pass(200);
    await switched;
    expect(element.children).toHaveLength(0);
    expect(errors.map(({ code }) => code)).toEqual(['not-entitled']);
    void handle.switchDataset('a');
    await show(page, element);
    expect(handle.state).toBe('rendered');
  });

  it('renews only the new binding afterwards', async () => {
    const { element, handle } = await shown();
    void handle.switchDataset('b');
    await show(page, element);
    await pass(50 * MINUTE);
    expect(page.api.to('/token').map((call) => call.bindings.map(({ dataset }) => dataset))).toEqual([['b']]);
  });

  it('causes no unhandled rejection when its promise is ignored', async () => {
    const { handle, errors } = await shown();
    page.api.refused.add('b');
    void handle.switchDataset('b');
    await pass(200);
    expect(errors).toHaveLength(1);
  });

  it('switches the mode in the same way', async () => {
    const { element, handle } = await shown();
    void handle.switchMode('edit');
    await show(page, element);
    expect(page.api.calls.at(-1)?.bindings).toEqual([{ report: 'sales', dataset: 'a', mode: 'edit' }]);
  });

  it('shows the report again on refresh() after a fatal error', async () => {
    const { element, handle } = await shown();
    page.api.refused.add('b');
    await Promise.all([expect(handle.switchDataset('b')).rejects.toThrow(), pass(200)]);
    page.api.refused.clear();
    const again = handle.refresh();
    await show(page, element);
    await again;
    expect(handle.state).toBe('rendered');
  });
});

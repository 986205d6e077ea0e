import { describe, expect, it } from 'vitest';
import { errorsOf, MINUTE, pass, usePage } from './support/page.js';

const page = usePage();

async function shown(config = {}) {
  const element = page.element();
  const handle = page.dynabind.embed(element, { report: 'invoice', dataset: 'a', config });
  await pass(200);
  const embed = page.powerbi.on(element);
  embed.iframeReady();
  await handle.ready;
  return { handle, embed, errors: errorsOf(handle) };
}

describe('a paginated report', () => {
  it('is loaded when its load is accepted: it sends no event', async () => {
    const { handle } = await shown();
    expect(handle.state).toBe('loaded');
    await pass(2 * MINUTE);
    expect(handle.state).toBe('loaded');
  });

  it('is loaded again with the renewed token, because it accepts no token while it is shown', async () => {
    const { embed, handle, errors } = await shown();
    embed.tokenAnswer = () => Promise.reject({ message: 'not supported' });
    await pass(51 * MINUTE);
    expect(embed.tokens).toEqual([]);
    expect(embed.loads.map(({ accessToken }) => accessToken)).toEqual(['token-1', 'token-2']);
    expect(handle.state).toBe('loaded');
    expect(errors).toEqual([]);
  });

  it('gets no setting that prevents its load, and gets the page’s parameters', async () => {
    const { embed } = await shown({
      settings: { panes: { filters: { visible: false } }, background: 1, commands: [{ parameterPanel: { enabled: true } }] },
      parameterValues: [{ name: 'Year', value: '2026' }],
    });
    expect(embed.config.settings).toEqual({ commands: [{ parameterPanel: { enabled: true } }] });
    expect(embed.config.parameterValues).toEqual([{ name: 'Year', value: '2026' }]);
  });
});

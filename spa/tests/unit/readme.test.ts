import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { TIMEOUTS } from '../../src/timeouts.js';

const text = (path: string) => readFile(`${import.meta.dirname}/../../${path}`, 'utf8');

it.each([
  'examples/plain.ts',
  'examples/react/Sales.tsx',
  'examples/react/SalesWithHook.tsx',
  'examples/vue/Sales.vue',
  'examples/angular/sales.component.ts',
  'examples/element/sales.ts',
  'examples/element/sales.html',
  'examples/without-library.ts',
])('README.md shows %s as it is', async (path) => {
  expect(await text('README.md')).toContain((await text(path)).trim());
});

it('README.md names each time limit', async () => {
  const readme = (await text('README.md')).replaceAll(/\s+/g, ' ');
  for (const [name, limit] of Object.entries(TIMEOUTS)) {
    expect(readme).toContain(`\`${name}\` (${limit.toLocaleString('en-US')})`);
  }
});

it('README.md lists every file of src', async () => {
  const readme = await text('README.md');
  const { readdir } = await import('node:fs/promises');
  const files = await readdir(`${import.meta.dirname}/../../src`);
  const unlisted = new Set(['index.ts', 'api.gen.ts', 'contract.ts', 'timeouts.ts', 'emitter.ts', 'deferred.ts', 'removal.ts']);
  expect(files.filter((file) => !unlisted.has(file) && !readme.includes(`\`${file}\``))).toEqual([]);
});

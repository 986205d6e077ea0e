import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const text = (path: string) => readFile(`${import.meta.dirname}/../../${path}`, 'utf8');

it.each(['examples/plain.ts', 'examples/react/useDynabind.ts', 'examples/without-library.ts'])(
  'README.md shows %s as it is',
  async (path) => {
    expect(await text('README.md')).toContain((await text(path)).trim());
  },
);

it('the React hook stays within forty lines', async () => {
  expect((await text('examples/react/useDynabind.ts')).trim().split('\n').length).toBeLessThanOrEqual(40);
});

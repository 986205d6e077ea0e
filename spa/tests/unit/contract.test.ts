import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import openapiTS, { astToString } from 'openapi-typescript';

const spa = (path: string) => new URL(`../../${path}`, `file://${fileURLToPath(import.meta.url)}`);

describe('api.gen.ts', () => {
  it('agrees with openapi.yaml; `npm run generate` updates it', async () => {
    const types = astToString(await openapiTS(spa('../openapi.yaml')));
    expect(await readFile(spa('src/api.gen.ts'), 'utf8')).toContain(types);
  });
});

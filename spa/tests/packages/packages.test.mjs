import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const spa = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = { '@dynabind/client': '.', '@dynabind/react': 'packages/react', '@dynabind/element': 'packages/element' };
const KIB = 1024;

/** A project that has installed the packages in their published form. */
let consumer;

before(() => {
  consumer = mkdtempSync(join(tmpdir(), 'dynabind-packages-'));
  mkdirSync(join(consumer, 'node_modules/@dynabind'), { recursive: true });
  for (const [name, folder] of Object.entries(FOLDERS)) {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer, join(spa, folder)];
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: spa, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    const target = join(consumer, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', join(consumer, filename), '-C', target, '--strip-components=1']);
  }
  for (const name of ['powerbi-client', 'powerbi-models', 'react', '@types']) {
    symlinkSync(join(spa, 'node_modules', name), join(consumer, 'node_modules', name));
  }
});
after(() => rmSync(consumer, { recursive: true, force: true }));

const manifest = (name) => JSON.parse(readFileSync(join(consumer, 'node_modules', name, 'package.json'), 'utf8'));

const PAGE = `
import { createDynabind, DynabindError, type Handle } from '@dynabind/client';
import { DynabindReport, useDynabind } from '@dynabind/react';
import { defineDynabindReport } from '@dynabind/element';
const dynabind = createDynabind({ apiUrl: 'https://api.example.com', getAccessToken: () => 'token' });
export const handle: Handle = dynabind.embed(document.body, { report: 'sales', config: { parameterValues: [{ name: 'a', value: 'b' }] } });
handle.on('error', (error: DynabindError) => console.log(error.fatal, error.remedy));
handle.on('statechange', ({ state, previous }) => console.log(state, previous));
export const pages = handle.report?.getPages();
export const all = [DynabindReport, useDynabind, defineDynabindReport];
// @ts-expect-error: the packages have real types
dynabind.embed(document.body, { report: 5 });
`;

describe('the published packages', () => {
  for (const name of Object.keys(FOLDERS)) {
    it(`${name} names its licence, repository, homepage and issues`, () => {
      const { license, repository, homepage, bugs } = manifest(name);
      assert.equal(license, 'MIT');
      for (const url of [repository.url, homepage, bugs.url]) assert.match(url, /^(git\+)?https:\/\//);
      assert.match(readFileSync(join(consumer, 'node_modules', name, 'LICENSE'), 'utf8'), /MIT License/);
      assert.match(readFileSync(join(consumer, 'node_modules', name, 'README.md'), 'utf8'), /```/);
    });
  }

  // The first case also checks the declarations themselves, which takes a long time.
  for (const [what, type, options] of [
    ['CommonJS under node16', 'commonjs', { module: 'node16', moduleResolution: 'node16' }],
    ['ES modules under node16', 'module', { module: 'node16', moduleResolution: 'node16', skipLibCheck: true }],
    ['a bundler', 'module', { module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true }],
    ['the old node resolution', 'commonjs', { module: 'commonjs', moduleResolution: 'node10', skipLibCheck: true }],
  ]) {
    it(`compile in a TypeScript project: ${what}`, () => {
      const folder = join(consumer, what.replaceAll(' ', '-'));
      mkdirSync(folder);
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
      writeFileSync(join(folder, 'page.ts'), PAGE);
      const compilerOptions = { ...options, target: 'es2022', lib: ['es2022', 'dom'], strict: true, noEmit: true, types: [], jsx: 'react-jsx' };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }));
      const tsc = join(spa, 'node_modules/typescript/bin/tsc');
      try {
        execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', stdio: 'pipe' });
      } catch (cause) {
        assert.fail(cause.stdout);
      }
    });
  }

  it('load with require and with import, even without a page', () => {
    const run = (type, code) => execFileSync(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: consumer, encoding: 'utf8' });
    const shown = 'console.log(typeof client.createDynabind, typeof react.useDynabind, typeof element.defineDynabindReport)';
    assert.equal(run('commonjs', `const client = require('@dynabind/client'), react = require('@dynabind/react'), element = require('@dynabind/element'); ${shown}`), 'function function function\n');
    assert.equal(run('module', `import * as client from '@dynabind/client'; import * as react from '@dynabind/react'; import * as element from '@dynabind/element'; ${shown}`), 'function function function\n');
  });

  // tests/browser/files.test.mjs tests when each file loads.
  it('@dynabind/client embeds a first report with at most 7 KiB of its own', async () => {
    const entry = join(consumer, 'node_modules/@dynabind/client/dist/index.js');
    const gzipped = (code) => gzipSync(code, { level: 9 }).length;
    const published = gzipped(readFileSync(entry));
    assert.ok(published <= 7 * KIB, `dist/index.js has ${published} bytes`);
    const build = await rolldown({ input: entry, external: ['powerbi-client'] });
    const { output } = await build.generate({ format: 'es', minify: true });
    const [first, ...later] = output.map(({ code }) => gzipped(code));
    assert.ok(first <= 7 * KIB, `the first file of a page has ${first} bytes`);
    const rest = later.reduce((sum, size) => sum + size, 0);
    assert.ok(rest <= 7 * KIB, `the second file has ${rest} bytes`);
  });
});

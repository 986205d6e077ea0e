import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = [
  { folder: '.', entry: 'src/index.ts' },
  { folder: 'packages/react', entry: 'src/index.ts' },
  { folder: 'packages/element', entry: 'src/index.ts' },
];
/** What the consumer's own installation provides. */
const external = ['powerbi-client', 'react', 'react/jsx-runtime', '@dynabind/client'];

async function bundle(input, dir, format) {
  // The second file of the client takes what it shares from the first one.
  const build = await rolldown({ input, external, preserveEntrySignatures: 'allow-extension', cwd: root });
  await build.write({ dir, format, minify: true, sourcemap: true, exports: 'named', chunkFileNames: '[name].js' });
  await build.close();
}

function declarations(folder, outDir) {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  execFileSync(process.execPath, [tsc, '-p', `${folder}/tsconfig.build.json`, '--outDir', outDir], { cwd: root, stdio: 'inherit' });
}

for (const { folder, entry } of PACKAGES) {
  const dist = `${root}/${folder}/dist`;
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(`${dist}/cjs`, { recursive: true });
  await bundle(`${root}/${folder}/${entry}`, dist, 'es');
  await bundle(`${root}/${folder}/${entry}`, `${dist}/cjs`, 'cjs');
  // The same declarations twice: TypeScript takes them for the kind of module that the nearest package.json names.
  declarations(folder, dist);
  for (const file of readdirSync(dist)) if (file.endsWith('.d.ts')) copyFileSync(`${dist}/${file}`, `${dist}/cjs/${file}`);
  writeFileSync(`${dist}/cjs/package.json`, '{"type":"commonjs"}\n');
}

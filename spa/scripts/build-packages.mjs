import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Property names that only the client's own files use. None is an option, an event, or a field of an answer or of powerbi-client. */
const INTERNAL = [
  'abandon answer apart api arrived ask attempts batcher datasetIds dueAt element emit expired expiresAt extra failed',
  'failedAt generation isLoaded isNew isPaginated isRefused late listener loading lostContact measured members',
  'milliseconds options loadLimit pending refreshAt refuse refused renewal renewals send sentAt setTokens tokenInUse show',
  'since startedWith stop stopWaiting strikes tokenRefreshed update urls waitForAnswer whenLoaded',
].flatMap((names) => names.split(' '));

const PACKAGES = [
  { folder: '.', entry: 'src/index.ts', internal: INTERNAL },
  { folder: 'packages/react', entry: 'src/index.ts' },
  { folder: 'packages/element', entry: 'src/index.ts' },
];
/** Packages that the consumer's own installation provides. */
const external = ['powerbi-client', 'react', 'react/jsx-runtime', '@dynabind/client'];

/** Shortens names within a file. Internal property names get the same short names in both files. */
function minifier(internal) {
  const include = new RegExp(`^(${internal.join('|')})$`);
  let cache = {};
  return {
    name: 'minify',
    renderChunk(code, { fileName }) {
      const mangleProps = { include, cache };
      const result = minifySync(fileName, code, { module: true, compress: true, mangle: true, mangleProps, sourcemap: true });
      if (result.errors.length > 0) throw new Error(result.errors.map(({ message }) => message).join('\n'));
      cache = result.mangleCache ?? cache;
      return { code: result.code, map: result.map };
    },
  };
}

async function bundle(input, dir, format, internal) {
  // The second file of the client imports the code that it shares with the first file.
  const build = await rolldown({ input, external, preserveEntrySignatures: 'allow-extension', cwd: root, plugins: [minifier(internal)] });
  // The plugin has already minified the code. This only removes white space.
  const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } };
  await build.write({ dir, format, minify, sourcemap: true, exports: 'named', chunkFileNames: '[name].js' });
  await build.close();
}

function declarations(folder, outDir) {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  execFileSync(process.execPath, [tsc, '-p', `${folder}/tsconfig.build.json`, '--outDir', outDir], { cwd: root, stdio: 'inherit' });
}

for (const { folder, entry, internal = ['-'] } of PACKAGES) {
  const dist = `${root}/${folder}/dist`;
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(`${dist}/cjs`, { recursive: true });
  await bundle(`${root}/${folder}/${entry}`, dist, 'es', internal);
  await bundle(`${root}/${folder}/${entry}`, `${dist}/cjs`, 'cjs', internal);
  // The declarations exist twice: for TypeScript, the nearest package.json decides their kind of module.
  declarations(folder, dist);
  for (const file of readdirSync(dist)) if (file.endsWith('.d.ts')) copyFileSync(`${dist}/${file}`, `${dist}/cjs/${file}`);
  writeFileSync(`${dist}/cjs/package.json`, '{"type":"commonjs"}\n');
}

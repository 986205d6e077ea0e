import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium as playwright } from 'playwright-core';
import { HOST_FLAGS } from './host-flags.mjs';

const modules = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

/**
 * Chromium from the npm package. Each version is unpacked once, into a separate folder.
 *
 * Several test files may unpack at the same time. Each uses a temporary folder, and the first one moves the result to its place.
 */
async function unpacked() {
  const { version } = JSON.parse(readFileSync(modules('@sparticuz/chromium/package.json'), 'utf8'));
  const folder = modules(`.cache/chromium-${version}`);
  if (!existsSync(folder)) {
    const draft = `${folder}-${process.pid}`;
    await unpackInto(draft);
    try {
      renameSync(draft, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
      rmSync(draft, { recursive: true });
    }
  }
  return { path: join(folder, 'chromium'), libraries: join(folder, 'al2023/lib'), fonts: join(folder, 'fonts') };
}

async function unpackInto(folder) {
  mkdirSync(folder, { recursive: true });
  // The package unpacks into the temporary folder. It unpacks its system libraries only if it believes that it runs on Lambda.
  const before = { ...process.env };
  Object.assign(process.env, { TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' });
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    await chromium.executablePath();
  } finally {
    for (const name of ['TMPDIR', 'AWS_EXECUTION_ENV', 'LD_LIBRARY_PATH', 'FONTCONFIG_PATH']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

function lacksLibraries(path) {
  try {
    return execFileSync('ldd', [path], { encoding: 'utf8' }).includes('not found');
  } catch {
    return true;
  }
}

/** A headless Chromium that needs only the C library of the system. */
export async function launch() {
  const { path, libraries, fonts } = await unpacked();
  const env = { ...process.env };
  if (lacksLibraries(path)) env.LD_LIBRARY_PATH = [libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  if (!existsSync('/etc/fonts')) env.FONTCONFIG_PATH = fonts;
  const args = [...HOST_FLAGS, '--no-sandbox', '--disable-background-networking'];
  return playwright.launch({ executablePath: path, args, env });
}

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { HOST_FLAGS } from './host-flags.mjs';

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
    process.env[name] ? [join(process.env[name], 'Google/Chrome/Application/chrome.exe')] : [],
  ),
];

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** An installed Chrome or Chromium; `CHROME` names another one. */
function findBrowser() {
  if (process.env.CHROME) return process.env.CHROME;
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...PLACES].find(isProgram);
}

const url = process.argv[2] ?? 'http://127.0.0.1:9080';
const browser = findBrowser();
if (!browser) {
  console.error('No Chrome or Chromium found. Install one, or name it: CHROME=/path/to/chrome npm run browser');
  process.exit(1);
}
// Uses a separate profile, because the user's normal browser must not accept this machine as a Microsoft host.
const profile = mkdtempSync(join(tmpdir(), 'dynabind-browser-'));
const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const child = spawn(browser, [...HOST_FLAGS, `--user-data-dir=${profile}`, '--no-first-run', ...root, url], { stdio: 'ignore' });
child.on('error', (error) => {
  console.error(`${browser} does not start: ${error.message}`);
  process.exitCode = 1;
});
child.on('spawn', () => console.log(`${url} in ${browser}`));
child.on('exit', (code) => (process.exitCode = code ?? 0));

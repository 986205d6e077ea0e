import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.DYNABIND_DEVSTACK ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/devstack`;
const PATIENCE = 30_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** Starts the local stack on free ports. */
export async function startStack() {
  if (!existsSync(BINARY)) throw new Error(`There is no ${BINARY}: run \`cargo build -p devstack\` first.`);
  const [port, embedPort] = [await freePort(), await freePort()];
  const args = ['--port', String(port), '--embed-port', String(embedPort)];
  const child = spawn(BINARY, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + PATIENCE; !(await answers(`${url}/dev/users`)); await pause(50)) {
    if (child.exitCode === null && Date.now() < end) continue;
    child.kill();
    throw new Error(`The local stack did not start:\n${output}`);
  }
  const control = async (method, path, body) => {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(url + path, { method, ...(body === undefined ? {} : json) });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    url,
    control,
    async stop() {
      child.kill();
      await exited;
    },
  };
}

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds the local stack, unless `DYNABIND_DEVSTACK` names one that is built. */
if (!process.env.DYNABIND_DEVSTACK) {
  const manifest = fileURLToPath(new URL('../../Cargo.toml', import.meta.url));
  execFileSync('cargo', ['build', '--locked', '--package', 'devstack', '--manifest-path', manifest], { stdio: 'inherit' });
}

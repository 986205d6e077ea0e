import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Builds the local stack, unless `DYNABIND_DEVSTACK` names an existing binary. `--workspace` selects the features that
 * `cargo test --workspace` uses, so that cargo compiles nothing twice.
 */
if (!process.env.DYNABIND_DEVSTACK) {
  const manifest = fileURLToPath(new URL('../../Cargo.toml', import.meta.url));
  execFileSync('cargo', ['build', '--locked', '--workspace', '--bin', 'devstack', '--manifest-path', manifest], { stdio: 'inherit' });
}

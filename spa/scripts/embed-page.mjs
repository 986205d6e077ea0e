import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const file = (name) => fileURLToPath(new URL(`../embed-page/${name}`, import.meta.url));

/** The simulated report page as one file, so that its load time is the time in which this file arrives. */
export async function embedPageInOneFile() {
  const build = await rolldown({ input: file('page.js') });
  const { output } = await build.generate({ format: 'iife', minify: true });
  const script = output[0].code.replaceAll('</script', '<\\/script');
  return readFileSync(file('index.html'), 'utf8')
    .replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, '')
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${readFileSync(file('page.css'), 'utf8')}</style>`)
    .replace(/<script type="module"[^>]*><\/script>/, () => `<script type="module">${script}</script>`);
}

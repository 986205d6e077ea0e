import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('demo'),
  resolve: { alias: { '@dynabind/client': here('src/index.ts') } },
  build: {
    outDir: here('demo-dist'),
    emptyOutDir: true,
    // An inlined script or style would be refused by the page's Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // powerbi-client is one file of this size.
    chunkSizeWarningLimit: 700,
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('demo'),
  resolve: { alias: { '@dynabind/client': here('src/index.ts') } },
  build: {
    outDir: here('demo-dist'),
    emptyOutDir: true,
    // The page's Content-Security-Policy would refuse an inlined script or style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // powerbi-client is a single file of this size.
    chunkSizeWarningLimit: 700,
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { '@dynabind/client': fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
  test: {
    include: ['tests/unit/**/*.test.{ts,tsx}'],
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { settings: { enableIframePageLoading: true } } },
    restoreMocks: true,
    setupFiles: ['tests/unit/support/steady.ts'],
  },
});

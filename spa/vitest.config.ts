import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const packages = {
  '@dynabind/client': file('src/index.ts'),
  '@dynabind/react': file('packages/react/src/index.ts'),
  '@dynabind/element': file('packages/element/src/index.ts'),
};
const test = {
  environment: 'happy-dom',
  environmentOptions: { happyDOM: { settings: { enableIframePageLoading: true } } },
  restoreMocks: true,
  setupFiles: ['tests/unit/support/steady.ts'],
};
const react18 = (name: string) => ({ find: new RegExp(`^${name}(?=$|/)`), replacement: file(`tests/react-18/node_modules/${name}`) });

export default defineConfig({
  test: {
    projects: [
      { resolve: { alias: packages }, test: { ...test, name: 'unit', include: ['tests/unit/**/*.test.{ts,tsx}'] } },
      {
        resolve: {
          alias: [
            ...Object.entries(packages).map(([find, replacement]) => ({ find, replacement })),
            react18('react'),
            react18('react-dom'),
          ],
        },
        test: { ...test, name: 'React 18', include: ['tests/unit/react.test.tsx'] },
      },
    ],
  },
});

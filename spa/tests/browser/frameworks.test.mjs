import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { build } from 'vite';
import { useSuite } from './support/suite.mjs';

const suite = useSuite();
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const spa = (path) => file(`../../${path}`);

/** Resolves the packages as they are published, and React 18 if it is requested. */
const alias = (react) => ({
  '@dynabind/client': spa('dist/index.js'),
  '@dynabind/react': spa('packages/react/dist/index.js'),
  '@dynabind/element': spa('packages/element/dist/index.js'),
  ...(react === 18 && {
    'react-dom': spa('tests/react-18/node_modules/react-dom'),
    react: spa('tests/react-18/node_modules/react'),
  }),
});

async function bundled(entry, react) {
  const isCustomElement = (tag) => tag.startsWith('dynabind-');
  const results = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    plugins: [vue({ template: { compilerOptions: { isCustomElement } } })],
    resolve: { alias: alias(react) },
    build: {
      write: false,
      minify: false,
      lib: { entry: file(`./frameworks/${entry}`), formats: ['es'], fileName: 'page' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  return [results].flat()[0].output[0].code;
}

async function opened(entry, react) {
  const page = await suite.browser.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 403/.test(message.text())) faults.push(message.text());
  });
  const code = await bundled(entry, react);
  await page.route(`${suite.stack.url}/page.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: code }));
  await page.goto(`${suite.stack.url}/dev/users`);
  await page.setContent('<title>Example</title><div id="app"></div><script type="module" src="/page.js"></script>');
  const report = page.frameLocator('iframe');
  const shows = (name) => report.locator('body[data-state=loaded] #dataset', { hasText: name }).waitFor();
  return { page, faults, shows, choose: (key) => page.getByLabel('Data').selectOption(key) };
}

describe('the examples', () => {
  for (const [name, entry, react] of [
    ['TypeScript', 'plain.ts'],
    ['the custom element on a plain page', 'element.ts'],
    ['Vue', 'vue.ts'],
    ['Angular', 'angular.ts'],
    ['React 19', 'react.tsx', 19],
    ['React 18', 'react.tsx', 18],
    ['the hook in React 19', 'react-hook.tsx', 19],
    ['the hook in React 18', 'react-hook.tsx', 18],
  ]) {
    it(`show the report and switch its data: ${name}`, async () => {
      const { page, faults, shows, choose } = await opened(entry, react);
      await choose('contoso-sales');
      await shows('Contoso sales');
      assert.ok((await page.locator('iframe').boundingBox()).height > 400);
      await choose('contoso-plan');
      await shows('Contoso plan');
      assert.equal(await page.locator('iframe').count(), 1);
      assert.deepEqual(faults, []);
    });
  }

  it('show a granted dataset after a refused one: the hook', async () => {
    const { page, shows, choose } = await opened('react-hook.tsx', 19);
    await shows('Contoso sales');
    await choose('fabrikam-sales');
    await page.getByRole('alert').getByText(/no access/).waitFor();
    assert.equal(await page.locator('iframe').count(), 0);
    await choose('contoso-plan');
    await shows('Contoso plan');
    assert.equal(await page.getByRole('alert').count(), 0);
  });
});

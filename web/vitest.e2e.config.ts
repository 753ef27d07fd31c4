import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The browser's tests lie in tests/e2e, and their packages here.
export default defineConfig({
  root: local('../tests/e2e'),
  cacheDir: local('node_modules/.vite-e2e'),
  resolve: {
    alias: {
      'playwright-core': local('node_modules/playwright-core'),
      'axe-core': local('node_modules/axe-core'),
      vitest: local('node_modules/vitest'),
    },
  },
  server: { fs: { strict: false } },
  test: {
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
  },
});

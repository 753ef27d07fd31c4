// A page and a mock server of its own for each test, in one browser for all of a file.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { dist, launch, openPage } from './browser';
import { startMock, type MockServer } from './mock_server';

export let browser: Browser;
export let mock: MockServer;
export let page: Page;

// To be called once, at the top of a file. What the browser complains of fails the test, and so does
// a request to anywhere else. `args` are for Chromium.
export function ownPageForEach(args: string[] = []): void {
  let complaints: string[];
  let foreign: string[];
  beforeAll(async () => {
    browser = await launch(args);
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    mock = await startMock({ dist });
    ({ page, complaints, foreign } = await openPage(browser, mock.url));
  });
  afterEach(async () => {
    await page.context().close();
    await mock.close();
    expect(complaints).toEqual([]);
    expect(foreign).toEqual([]);
  });
}

// What a model says is data: nothing in it may run, load or leave.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answered, ask, dist, lastAnswer, launch, openPage } from './browser';
import { startMock, type MockServer } from './mock_server';

let browser: Browser;
let mock: MockServer;

beforeAll(async () => {
  browser = await launch();
  mock = await startMock({ dist });
});

afterAll(async () => {
  await browser.close();
  await mock.close();
});

it('shows a hostile answer, runs none of it and loads nothing for it', async () => {
  const { page, complaints, foreign } = await openPage(browser, mock.url);
  await ask(page, 'Something hostile, please');
  await answered(page);
  await page.waitForTimeout(500);
  const answer = lastAnswer(page);
  expect(await page.evaluate(() => (window as { pwned?: string }).pwned)).toBeUndefined();
  expect(await answer.locator('script, img, iframe, form, input, style').count()).toBe(0);
  expect(foreign).toEqual([]);
  // Not even the policy had to step in.
  expect(complaints).toEqual([]);
  const links = await answer
    .getByRole('link')
    .evaluateAll((all) => all.map((link) => [link.getAttribute('href'), link.getAttribute('rel')]));
  expect(links).toEqual([
    ['https://tracker.example/pixel.png', 'noopener noreferrer nofollow'],
    ['https://example.org/', 'noopener noreferrer nofollow'],
    ['https://tracker.example/', 'noopener noreferrer nofollow'], // bare text that looks like one
  ]);
  expect(await answer.isVisible()).toBe(true);

  await page.reload();
  await answer.locator('.markdown').waitFor();
  expect(await page.evaluate(() => (window as { pwned?: string }).pwned)).toBeUndefined();
  await page.context().close();
});

it('shows a hostile question and title as plain text', async () => {
  const { page, complaints } = await openPage(browser, mock.url);
  const question = '<img src=x onerror="window.pwned=1"><b>bold</b>';
  await ask(page, question);
  await answered(page);
  expect(await page.locator('img, .bubble b').count()).toBe(0);
  expect(await page.locator('.bubble').textContent()).toBe(question);
  expect(await page.getByRole('navigation').getByRole('link').first().textContent()).toContain(
    '<img',
  );
  expect(complaints).toEqual([]);
  await page.context().close();
});

// When things go wrong the page says what, in plain words, and offers the way on.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { contextMessage } from './answers';
import { answered, ask, dist, lastAnswer, launch, openPage, stopButton } from './browser';
import { startMock, type MockServer } from './mock_server';

let browser: Browser;
let mock: MockServer;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser.close());

beforeEach(async () => {
  mock = await startMock({ dist });
  ({ page, complaints } = await openPage(browser, mock.url));
});

afterEach(async () => {
  await page.context().close();
  await mock.close();
  expect(complaints).toEqual([]);
});

const alert = () => page.getByRole('alert');
const retry = () => lastAnswer(page).getByRole('button', { name: 'Try again' });

it('shows the numbers of the server when the context is too long, and offers a new chat', async () => {
  await ask(page, 'this is too long for you');
  await expect.poll(() => alert().textContent()).toContain(contextMessage);
  await alert().getByRole('button', { name: 'New chat' }).click();
  await page.getByRole('heading', { name: 'Helicon' }).waitFor();
});

it('counts down to the next try after a rate limit', async () => {
  await ask(page, 'I ask too often');
  await expect.poll(() => alert().textContent()).toContain('Too many requests.');
  expect(await retry().isDisabled()).toBe(true);
  expect(await retry().textContent()).toMatch(/in.[12].s/);
  await expect.poll(() => retry().isEnabled(), { timeout: 20_000 }).toBe(true);
  await retry().click();
  await answered(page);
  await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: I ask too often');
  expect(await alert().count()).toBe(0);
});

it('waits by itself while the model loads', async () => {
  await ask(page, 'are you still loading?');
  await expect.poll(() => lastAnswer(page).textContent()).toContain('The model is loading');
  await expect
    .poll(() => lastAnswer(page).textContent(), { timeout: 30_000 })
    .toContain('You said: are you still loading?');
  expect(mock.chats).toHaveLength(3);
});

it('can be stopped while the model loads', async () => {
  await ask(page, 'are you still loading?');
  await expect.poll(() => lastAnswer(page).textContent()).toContain('The model is loading');
  await stopButton(page).click();
  await expect.poll(() => lastAnswer(page).textContent()).toContain('Stopped.');
  const asked = mock.chats.length;
  await page.waitForTimeout(1500);
  expect(mock.chats).toHaveLength(asked);
});

it('says so when no word comes for a while', async () => {
  await ask(page, 'Please think first');
  await expect
    .poll(() => lastAnswer(page).textContent(), { timeout: 20_000 })
    .toContain('the model may be loading');
  await answered(page);
  await expect.poll(() => lastAnswer(page).textContent()).toContain('You said:');
});

it('keeps what came when the connection breaks, and can ask again', async () => {
  await ask(page, 'hang up on me in the middle of this');
  await expect.poll(() => alert().textContent()).toContain('before the answer was complete');
  expect(await lastAnswer(page).locator('.markdown').textContent()).toContain('You');
  await retry().click();
  await answered(page);
  await expect.poll(() => lastAnswer(page).textContent()).toContain('in the middle of this');
});

it('shows an error within the stream', async () => {
  await ask(page, 'fail in the middle of it');
  await expect.poll(() => alert().textContent()).toContain('the model ran into a wall');
});

it('shows an error of the server, and tries again in place', async () => {
  await ask(page, 'fail at once');
  await expect.poll(() => alert().textContent()).toContain('internal: something broke');
  await retry().click();
  await answered(page);
  await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: fail at once');
  expect(await page.getByRole('group', { name: /^Version/ }).count()).toBe(0);
});

it('notices that the server is gone, and that it is back', async () => {
  const port = Number(new URL(mock.url).port);
  await mock.close();
  await ask(page, 'Anyone there?');
  await expect.poll(() => lastAnswer(page).textContent()).toContain('does not answer');
  await expect.poll(() => alert().first().textContent()).toContain('Trying again by itself');
  mock = await startMock({ dist, port });
  await expect.poll(() => alert().count(), { timeout: 30_000 }).toBe(1);
  await retry().click();
  await answered(page);
  await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: Anyone there?');
  expect(await alert().count()).toBe(0);
});

it('says how to get a model when there is none', async () => {
  mock.models = [];
  await page.reload();
  await expect.poll(() => alert().textContent()).toContain('helicon pull');
  mock.models = ['qwen2.5-coder-1.5b'];
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect.poll(() => alert().count()).toBe(0);
});

it('leaves failed turns out of what it sends', async () => {
  await ask(page, 'this is too long for you');
  await alert().waitFor();
  await ask(page, 'Hello');
  await answered(page);
  expect(mock.chats.at(-1)!.messages).toEqual([
    { role: 'user', content: 'this is too long for you\n\nHello' },
  ]);
});

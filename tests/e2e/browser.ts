// A real Chromium, and the page in it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';

export const dist =
  process.env['HELICON_DIST'] ?? fileURLToPath(new URL('../../web/dist', import.meta.url));

// A microphone and two cameras that are none, and nobody who has to say yes.
export const fakeDevices = [
  '--use-fake-device-for-media-stream=device-count=2',
  '--use-fake-ui-for-media-stream',
];

export function launch(args: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['HELICON_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
}

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

export interface OpenedPage {
  page: Page;
  // What the browser complained about: errors of scripts, violated policies, failed requests.
  complaints: string[];
  // Requests to anywhere but the page's own server.
  foreign: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  if (!existsSync(dist)) throw new Error(`${dist}: build the page first (npm run build)`);
  const context = await browser.newContext({ viewport: desktop, ...options });
  context.setDefaultTimeout(30_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: url,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // The browser reports each failed request by itself; those are provoked.
    const provoked = /Failed to load resource|net::ERR/.test(message.text());
    if (message.type() === 'error' && !provoked) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith(url) && !/^(data|blob):/.test(to)) foreign.push(to);
  });
  await page.goto(url);
  await messageField(page).waitFor();
  return { page, complaints, foreign };
}

export const messageField = (page: Page) => page.getByRole('textbox', { name: 'Message' });
export const sendButton = (page: Page) => page.getByRole('button', { name: 'Send' });
export const stopButton = (page: Page) => page.getByRole('button', { name: 'Stop', exact: true });
export const answers = (page: Page) => page.getByRole('article', { name: 'Helicon answered' });
export const lastAnswer = (page: Page) => answers(page).last();

export async function ask(page: Page, text: string): Promise<void> {
  await messageField(page).fill(text);
  await messageField(page).press('Enter');
}

export async function answered(page: Page): Promise<void> {
  await stopButton(page).waitFor({ state: 'detached' });
}

// The answer's text grows over several looks. Gives the texts seen.
export async function watchGrowing(page: Page, looks = 3): Promise<string[]> {
  const seen: string[] = [];
  const deadline = Date.now() + 60_000;
  while (seen.length < looks && Date.now() < deadline) {
    const text = await lastAnswer(page)
      .locator('.markdown')
      .textContent()
      .catch(() => null);
    if (text && text !== seen.at(-1)) seen.push(text);
    await page.waitForTimeout(30);
  }
  expect(seen.length).toBe(looks);
  for (let i = 1; i < seen.length; ++i) {
    expect(seen[i]!.length).toBeGreaterThan(seen[i - 1]!.length);
  }
  return seen;
}

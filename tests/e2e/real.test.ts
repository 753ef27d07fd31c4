// The page out of the real server, with the default model: what a person does in the first minute.
// Wants HELICON_BINARY; the models lie where HELICON_HOME says.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  answers,
  ask,
  lastAnswer,
  launch,
  openPage,
  sendButton,
  stopButton,
  watchGrowing,
  type OpenedPage,
} from './browser';

const model = process.env['HELICON_E2E_MODEL'] ?? 'qwen2.5-coder-1.5b';

let server: ChildProcess;
let output = '';
let browser: Browser;
let opened: OpenedPage;
let page: Page;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function untilItAnswers(url: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    if (server.exitCode !== null) break;
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
  }
  throw new Error(`the server does not answer:\n${output}`);
}

// Processor time the server has used, in seconds: /proc/PID/stat, fields 14 and 15, in hundredths.
async function secondsUsed(): Promise<number> {
  const stat = await readFile(`/proc/${server.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

beforeAll(async () => {
  const binary = process.env['HELICON_BINARY'];
  if (!binary) throw new Error('HELICON_BINARY: which server to test is not set');
  const port = await freePort();
  server = spawn(binary, ['serve', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [server.stdout!, server.stderr!]) {
    stream.on('data', (data) => (output += String(data)));
  }
  const url = `http://127.0.0.1:${port}`;
  await untilItAnswers(`${url}/health`);
  browser = await launch();
  opened = await openPage(browser, url);
  page = opened.page;
});

afterAll(async () => {
  await browser?.close();
  if (server && server.exitCode === null) {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    expect(server.exitCode, output).toBe(0);
  }
});

const textOfAnswer = () => lastAnswer(page).locator('.markdown').textContent();

it('offers the model', async () => {
  await expect.poll(() => page.locator('header').textContent()).toContain(model);
  const picker = page.getByRole('combobox', { name: 'Model' });
  if ((await picker.count()) > 0) await picker.selectOption(model);
});

it('takes settings', async () => {
  // Temperature 0 is greedy: the same answers every time.
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('spinbutton', { name: 'Temperature' }).fill('0');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

it('streams an answer in', { timeout: 300_000 }, async () => {
  await ask(page, 'Count from one to twenty in words, one word a line.');
  await page.waitForSelector('.markdown', { timeout: 240_000 });
  await watchGrowing(page, 3);
  await stopButton(page).waitFor({ state: 'detached', timeout: 240_000 });
  expect((await textOfAnswer())!.toLowerCase()).toContain('seven');
  await expect.poll(() => lastAnswer(page).textContent()).toMatch(/tokens\/s/);
});

it('stops when told', { timeout: 300_000 }, async () => {
  await ask(page, 'Write a very long story about a mountain and a spring. At least 2000 words.');
  await expect.poll(() => answers(page).count()).toBe(2);
  await lastAnswer(page).locator('.markdown').waitFor({ timeout: 240_000 });
  await watchGrowing(page, 3);
  await stopButton(page).click();
  await sendButton(page).waitFor();
  const text = await textOfAnswer();
  await sleep(300);
  const used = await secondsUsed();
  await sleep(1500);
  expect(await textOfAnswer()).toBe(text);
  // The server has stopped computing, too, and did not merely lose a listener.
  expect((await secondsUsed()) - used).toBeLessThan(0.3);
  expect(await lastAnswer(page).textContent()).toContain('Stopped.');
});

it('takes a further turn, and remembers the first', { timeout: 300_000 }, async () => {
  await ask(page, 'What is 2 + 2? Answer with the number only.');
  await expect.poll(() => answers(page).count()).toBe(3);
  await stopButton(page).waitFor({ state: 'detached', timeout: 240_000 });
  expect(await textOfAnswer()).toContain('4');
});

it('survives a reload', async () => {
  await page.reload();
  await expect.poll(() => answers(page).count()).toBe(3);
  expect(await textOfAnswer()).toContain('4');
});

it('ran without a complaint of the browser, under the policy of the server', async () => {
  const response = await page.reload();
  expect(response!.headers()['content-security-policy']).toContain("script-src 'self'");
  expect(opened.complaints).toEqual([]);
  expect(opened.foreign).toEqual([]);
});

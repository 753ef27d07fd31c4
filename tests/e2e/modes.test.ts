// Instant, Thinking, Contemplating: chosen, watched, stopped, found again.
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { answered, ask, lastAnswer, messageField, openPage, phone, stopButton } from './browser';
import { browser, mock, ownPageForEach, page } from './own_page';

ownPageForEach();

const pickerOf = (page: Page) => page.getByRole('button', { name: /^Mode:/ });
const picker = () => pickerOf(page);
const panel = () => lastAnswer(page).getByRole('region', { name: 'Agents' });
const rows = () => panel().locator('li:has(> button)'); // texts have lists, too

const heading = () =>
  panel()
    .getByRole('button', { name: /agents?|answer/ })
    .first();
const opener = (row: number) => rows().nth(row).getByRole('button').first();

async function choose(mode: string, on = page): Promise<void> {
  await pickerOf(on).click();
  await on.getByRole('menuitemradio', { name: mode }).click();
}

describe('the mode', () => {
  it('is chosen by keyboard, sent with the question, and kept', async () => {
    await ask(page, 'At once');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toBeUndefined();

    await picker().focus();
    await page.keyboard.press('ArrowDown');
    const item = (name: string) => page.getByRole('menuitemradio', { name });
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
    await expect.poll(focused).toContain('Answers at once');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => picker().textContent()).toContain('Thinking');
    expect(await item('Thinking').isVisible()).toBe(false);
    await ask(page, 'With thought');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({ name: 'thinking' });
    expect(mock.chats.at(-1)!.reasoning_effort).toBeUndefined();

    await picker().focus();
    await page.keyboard.press('Enter');
    await expect.poll(focused).toContain('Reasons first');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await expect.poll(() => picker().textContent()).toContain('Contemplating');
    // Let be, it stays as it is, and the focus comes back.
    await page.keyboard.press('Enter');
    await expect.poll(focused).toContain('Several agents');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Escape');
    expect(await picker().evaluate((button) => button === document.activeElement)).toBe(true);
    await page.reload();
    await expect.poll(() => picker().textContent()).toContain('Contemplating');
    await ask(page, 'Together');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({ name: 'contemplating' });
  });
});

describe('the settings of Contemplating', () => {
  const setting = (name: string) => page.getByRole('spinbutton', { name });
  const open = () => page.getByRole('button', { name: 'Settings' }).first().click();
  const errorOf = (name: string) => setting(name).evaluate(describe);
  // What a screen reader reads after the name.
  const describe = (field: Element) =>
    document.getElementById(field.getAttribute('aria-describedby')!)!.textContent!;

  beforeEach(() => choose('Contemplating'));

  it('go out when they were chosen, and outlive a reload', async () => {
    await open();
    await setting('Agents').fill('32');
    await setting('Rounds').fill('8');
    await setting('Budget').fill('16');
    await page.keyboard.press('Escape');
    await page.reload();
    await ask(page, 'How much?');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({
      name: 'contemplating',
      agents: 32,
      rounds: 8,
      budget_tokens: 16,
    });
    await open();
    await page.getByRole('button', { name: 'Reset to defaults' }).click();
    await page.keyboard.press('Escape');
    await ask(page, 'How much again?');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({ name: 'contemplating' });
  });

  it.each([
    ['Agents', ['0', '1', '33', '1000', '2.5', '-3'], '2 to 32'],
    ['Rounds', ['0', '9'], '1 to 8'],
    ['Budget', ['15', '0'], 'from 16'],
  ])('%s that no server takes are not taken, and it is said why', async (name, values, why) => {
    await open();
    for (const value of values) {
      await setting(name).fill(value);
      expect(await errorOf(name)).toMatch(/Not taken: a whole number/);
      expect(await errorOf(name)).toContain(why);
      expect(await setting(name).getAttribute('aria-invalid')).toBe('true');
    }
    await page.keyboard.press('Escape');
    await ask(page, 'How much?');
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({ name: 'contemplating' });
  });

  it('that the server refuses are said to be so where they are set', async () => {
    await open();
    await setting('Agents').fill('8');
    await page.keyboard.press('Escape');
    await ask(page, 'A question of a few');
    await expect.poll(() => lastAnswer(page).textContent()).toContain('between 2 and 4');
    await lastAnswer(page).getByRole('button', { name: 'Settings' }).click();
    expect(await errorOf('Agents')).toContain('The server refused this: must be between 2 and 4');
    const focused = () => setting('Agents').evaluate((field) => field === document.activeElement);
    await expect.poll(focused).toBe(true);
    await setting('Agents').fill('4');
    expect(await errorOf('Agents')).not.toContain('refused');
    await page.keyboard.press('Escape');
    await lastAnswer(page).getByRole('button', { name: 'Try again' }).click();
    await answered(page);
    expect(mock.chats.at(-1)!.mode).toEqual({ name: 'contemplating', agents: 4 });
    expect(await lastAnswer(page).textContent()).toContain('You said: A question of a few');
  });
});

describe('Thinking', () => {
  it('reasons as much as the settings say', async () => {
    await choose('Thinking');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('combobox', { name: 'Effort' }).selectOption('high');
    await page.keyboard.press('Escape');
    await page.reload();
    await ask(page, 'With much thought');
    await answered(page);
    expect(mock.chats.at(-1)!).toMatchObject({
      mode: { name: 'thinking' },
      reasoning_effort: 'high',
    });
  });

  it('shows the reasoning while it comes, folds it for the answer, and sends it back', async () => {
    await choose('Thinking');
    await ask(page, 'Something to think about');
    const reasoning = lastAnswer(page).locator('details.reasoning');
    await expect.poll(() => reasoning.textContent()).toContain('thought 5');
    expect(await reasoning.getAttribute('open')).not.toBeNull();
    await answered(page);
    expect(await reasoning.getAttribute('open')).toBeNull();
    expect(await reasoning.locator('summary').textContent()).toMatch(/Thought for (under )?\d+ s/);
    expect(await lastAnswer(page).locator('> .markdown').textContent()).not.toContain('thought');

    await reasoning.locator('summary').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => reasoning.locator('.thoughts').isVisible()).toBe(true);

    await ask(page, 'And then?');
    await answered(page);
    expect(mock.chats.at(-1)!.messages[1]!.reasoning_content).toContain('thought 59');
    await page.reload();
    await expect.poll(() => lastAnswer(page).locator('details.reasoning').count()).toBe(1);
  });
});

describe('Contemplating', () => {
  beforeEach(() => choose('Contemplating'));

  it('lets each agent be read while it works, and shows who agrees', async () => {
    await ask(page, 'How much, slowly?');
    await expect.poll(() => rows().count()).toBe(4);
    const third = rows().nth(2);
    await opener(2).focus();
    await page.keyboard.press('Enter');
    expect(await opener(2).getAttribute('aria-expanded')).toBe('true');
    const text = third.getByRole('group');
    await expect.poll(() => text.textContent()).toContain('word 2 of agent 3');
    const before = (await text.textContent())!.length;
    await expect.poll(async () => (await text.textContent())!.length).toBeGreaterThan(before);
    expect(await text.textContent()).not.toContain('agent 2');
    await stopButton(page).click();
    await answered(page);
    expect(await third.textContent()).toContain('stopped');
    expect(await lastAnswer(page).textContent()).toContain('There is no answer yet');
    // What had come is there, and there again.
    const kept = await text.textContent();
    await page.reload();
    await expect.poll(() => rows().count()).toBe(4);
    await opener(2).click();
    expect(await text.textContent()).toBe(kept);
    for (const state of ['writing', 'waiting'])
      expect(await panel().textContent()).not.toContain(state);
  });

  it('leaves nobody at work when the page was closed on them', async () => {
    await ask(page, 'How much, slowly?');
    await expect.poll(() => rows().nth(0).textContent()).toMatch(/writing\s*[3-9] tokens/);
    await page.reload();
    await expect.poll(() => panel().textContent(), { timeout: 10_000 }).toContain('stopped');
    expect(await panel().textContent()).not.toContain('writing');
    expect(await lastAnswer(page).textContent()).toContain('Interrupted');
  });

  it('folds when the answer begins, but not over who reads', async () => {
    await ask(page, 'How much?');
    await expect.poll(() => heading().getAttribute('aria-expanded')).toBe('true');
    await answered(page);
    expect(await heading().getAttribute('aria-expanded')).toBe('false');
    await ask(page, 'How much more, slowly?');
    await expect.poll(() => rows().count()).toBe(4);
    await opener(0).click();
    await lastAnswer(page).locator('> .markdown').waitFor();
    expect(await heading().getAttribute('aria-expanded')).toBe('true');
    expect(await rows().nth(0).getByRole('group').isVisible()).toBe(true);
    await stopButton(page).click();
  });

  it('shows at most 32 agents, and says how many it leaves out', async () => {
    await ask(page, 'Ask a crowd');
    await answered(page);
    await heading().click();
    expect(await rows().count()).toBe(32);
    expect(await panel().textContent()).toContain('8 more agents are left out');
  });

  it('lets one type while eight are read at once', async () => {
    await ask(page, 'Show me drafts, slowly');
    await expect.poll(() => rows().count()).toBe(8);
    for (let row = 0; row < 8; ++row) await opener(row).press('Enter');
    await expect.poll(() => panel().locator('figure code').count()).toBeGreaterThan(16);
    await page.evaluate(() => {
      const waits: number[] = ((window as unknown as { waits: number[] }).waits = []);
      addEventListener('keydown', ({ timeStamp }) =>
        requestAnimationFrame(() => waits.push(performance.now() - timeStamp)),
      );
    });
    const words = 'Typed while they work on it, all of them';
    await messageField(page).pressSequentially(words, { delay: 40 });
    expect(await messageField(page).inputValue()).toBe(words);
    const waits = await page.evaluate(() => (window as unknown as { waits: number[] }).waits);
    waits.sort((a, b) => a - b);
    if (process.env['HELICON_FIGURES']) console.log('typing', waits);
    expect(waits[waits.length >> 1]).toBeLessThan(100);
    await stopButton(page).click();
  });

  it('has an answer in the end, and keeps what the agents wrote', async () => {
    await ask(page, 'How much?');
    await answered(page);
    const check = async () => {
      // Folded by the end, and what matters can be read all the same.
      expect(await rows().nth(0).isVisible()).toBe(false);
      expect(await heading().textContent()).toMatch(
        /4 agents worked on this, in 2 rounds\s+(under )?\d+ s\s+2 of 2\s+agree/,
      );
      await heading().click();
      expect(await rows().count()).toBe(6);
      expect(await opener(0).innerText()).toMatch(/42[^]*✓/);
      expect(await rows().nth(1).textContent()).toContain('check failed');
      expect(await rows().nth(2).textContent()).toContain('not waited for');
      expect(await panel().textContent()).toContain('Round 2');
      expect(await panel().textContent()).toContain('2 of 2 solutions agree on 42');
      expect(await lastAnswer(page).textContent()).toContain('You said: How much?');
    };
    await check();
    await page.reload();
    await heading().waitFor();
    await check();
    await opener(4).click();
    expect(await rows().nth(4).getByRole('group').textContent()).toContain('word 29 of agent 1');
  });

  it.each(['round 1', 'round 2', 'the answer'])('stops in %s', async (stage) => {
    await ask(page, 'How long, slowly?');
    if (stage === 'round 1') await expect.poll(() => rows().count()).toBe(4);
    if (stage === 'round 2') await expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(6);
    if (stage === 'the answer')
      await expect
        .poll(() => lastAnswer(page).textContent(), { timeout: 20_000 })
        .toContain('Paragraph');
    await stopButton(page).click();
    await answered(page);
    await expect.poll(() => mock.hungUp).toBe(1);
    expect(await lastAnswer(page).textContent()).toContain('Stopped.');
    expect(await panel().textContent()).not.toContain('at work');
  });

  it('says little to screen readers, and what matters', async () => {
    await page.evaluate(() => {
      const said: string[] = ((window as unknown as { said: string[] }).said = []);
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const region = (target.parentElement ?? target) as Element;
          if (region.closest?.('[aria-live], [role=status]')) said.push(region.textContent ?? '');
        }
      }).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    });
    await ask(page, 'How much?');
    await answered(page);
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
    const words = said.join('\n');
    expect(words).toContain('Round 1: 4 agents at work');
    expect(words).toContain('Putting the answer together');
    expect(words).toMatch(/\d of \d agree on 42/);
    expect(words).not.toContain('word 3');
    expect(said.length).toBeLessThan(40);
  });
});

describe.each([
  { colorScheme: 'light', viewport: undefined },
  { colorScheme: 'dark', viewport: phone },
] as const)('the panel, $colorScheme', ({ colorScheme, viewport }) => {
  it('has nothing that axe finds, and fits', async () => {
    const settings = {
      colorScheme,
      reducedMotion: 'reduce',
      bypassCSP: true,
    } as const;
    const other = await openPage(browser, mock.url, {
      ...settings,
      ...(viewport ? { viewport } : {}),
    });
    const own = other.page;
    await choose('Contemplating', own);
    await ask(own, 'How much?');
    await answered(own);
    const agents = lastAnswer(own).getByRole('region', { name: 'Agents' });
    for (const place of [0, 1]) await agents.getByRole('button').nth(place).click();
    await own.evaluate(axe.source);
    const found = await own.evaluate(async () => {
      const results = await (window as unknown as { axe: typeof axe }).axe.run(document);
      return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    });
    expect(found).toEqual([]);
    const wide = await own.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    expect(wide).toBe(false);
    if (process.env['HELICON_SCREENSHOTS'])
      await own.screenshot({
        path: `${process.env['HELICON_SCREENSHOTS']}/${colorScheme}.png`,
      });
    await own.context().close();
  });
});

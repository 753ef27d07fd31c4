// For everyone: by keyboard alone, by screen reader, on a phone, in either theme.
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answered,
  ask,
  dist,
  fakeDevices,
  lastAnswer,
  launch,
  messageField,
  openPage,
  phone,
  stopButton,
  watchGrowing,
} from './browser';
import { startMock, type MockServer } from './mock_server';

let browser: Browser;
let mock: MockServer;

beforeAll(async () => {
  browser = await launch(fakeDevices);
  mock = await startMock({
    dist,
    models: ['qwen2.5-coder-1.5b', 'smollm2-135m'],
  });
});

afterAll(async () => {
  await browser.close();
  await mock.close();
});

// Each violation as one line: the rule, and the elements.
async function violations(page: Page): Promise<string[]> {
  // Colours are judged when they have stopped changing.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((one) => one.finished)),
  );
  await page.evaluate(axe.source);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return results.violations.map(
    ({ id, impact, nodes }) =>
      `${impact}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
}

describe.each(['light', 'dark'] as const)(
  'axe finds nothing wrong in the %s theme',
  (colorScheme) => {
    const open = async (options = {}) => {
      // Without motion: an animation would blur the colours.
      const settings = {
        colorScheme,
        reducedMotion: 'reduce',
        bypassCSP: true,
        ...options,
      } as const;
      return (await openPage(browser, mock.url, settings)).page;
    };

    it('on the first page', async () => {
      const page = await open();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });

    it('in a conversation with code, tables, formulas and an error', async () => {
      const page = await open();
      for (const question of ['How does binary search work?', 'square root', 'something wide']) {
        await ask(page, question);
        await answered(page);
      }
      await lastAnswer(page).getByRole('button', { name: 'Answer again' }).click();
      await answered(page);
      await ask(page, 'this is too long for you');
      await page.getByRole('alert').waitFor();
      await page.locator('.hljs-comment').first().waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });

    it('while an answer streams, in the sheets, and in a menu', async () => {
      const page = await open();
      await ask(page, 'Tell me something slowly');
      await watchGrowing(page);
      expect(await violations(page)).toEqual([]);
      await stopButton(page).click();
      for (const name of ['Settings', 'Keyboard shortcuts']) {
        await page.getByRole('button', { name }).click();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
      }
      await page.getByRole('button', { name: /^Options for/ }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });

    it('while a sound is recorded, and a picture taken', async () => {
      const page = await open();
      const attach = page.getByRole('button', { name: 'Attach pictures, films or sounds' });
      await attach.click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('menuitem', { name: 'Record sound' }).click();
      await page.getByRole('button', { name: 'Stop the recording' }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await attach.click();
      await page.getByRole('menuitem', { name: 'Take a picture' }).click();
      await page.getByText('The camera is on').waitFor({ state: 'attached' });
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });

    it('on a phone, with the drawer open', async () => {
      const page = await open({
        viewport: phone,
        hasTouch: true,
        isMobile: true,
      });
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Show conversations' }).click();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    });
  },
);

describe('the keyboard alone', () => {
  const focused = (page: Page) =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.getAttribute('aria-label') ?? element.textContent!.trim();
    });

  it('asks, stops, edits, renames, deletes and sets', async () => {
    const { page } = await openPage(browser, mock.url);
    // One may write at once.
    await expect.poll(() => focused(page)).toBe('Message');
    await page.keyboard.type('Tell me something slowly');
    await page.keyboard.press('Enter');
    await watchGrowing(page);
    expect(await focused(page)).toBe('Message');
    await page.keyboard.press('Escape');
    await answered(page);

    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toBe('Edit your message');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Edited');
    await page.keyboard.press('Enter');
    await answered(page);
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: Edited');

    await page.keyboard.press('Control+Shift+O');
    await expect.poll(() => focused(page)).toBe('Message');
    await page.keyboard.type('Another');
    await page.keyboard.press('Enter');
    await answered(page);

    await page.keyboard.press('Control+K');
    await expect.poll(() => focused(page)).toBe('Search conversations');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('Another');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('Tell me something slowly');
    await page.keyboard.press('F2');
    await page.keyboard.type('Renamed');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Renamed');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Options for Renamed');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Rename');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('Delete');
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe('Options for Renamed');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Delete');
    await page.getByRole('dialog', { name: 'Delete this conversation?' }).waitFor();
    expect(await focused(page)).toBe('Cancel');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('navigation').getByRole('link').count()).toBe(1);
    await expect.poll(() => focused(page)).toBe('Message');

    await page.keyboard.press('Control+,');
    await page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+B');
    expect(await page.getByRole('navigation').count()).toBe(0);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.context().close();
  });

  it('reaches everything in a sensible order, and shows where it is', async () => {
    const { page } = await openPage(browser, mock.url);
    await ask(page, 'How does binary search work?');
    await answered(page);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    const order: string[] = [];
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press('Tab');
      const { name, visible } = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        // A field shows its focus by the frame around it.
        const shown = element.closest('.composer, .search') ?? element;
        const style = getComputedStyle(element);
        return {
          name: element.getAttribute('aria-label') ?? element.textContent!.trim(),
          visible:
            element === document.body || shown !== element || parseFloat(style.outlineWidth) >= 2,
        };
      });
      expect(visible, name).toBe(true);
      if (order.includes(name)) break;
      order.push(name);
    }
    const expected = [
      'Hide conversations',
      'New chat',
      'Search conversations',
      'How does binary search work?',
      'Settings',
      'Conversation',
      'Copy',
      'the standard library',
      'Copy answer',
      'Answer again',
      'Message',
    ];
    // Where the browser begins is its own affair; from there it goes round.
    const first = order.indexOf(expected[0]!);
    const round = [...order.slice(first), ...order.slice(0, first)];
    expect(round.filter((name) => expected.includes(name))).toEqual(expected);
    await page.context().close();
  });
});

describe('a screen reader', () => {
  it('is told the beginning and the end, not every token', async () => {
    const { page } = await openPage(browser, mock.url);
    await page.evaluate(() => {
      const told: string[] = [];
      Object.assign(window, { told });
      const live = document.querySelector('[aria-live]')!;
      new MutationObserver(() => told.push(live.textContent!)).observe(live, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await ask(page, 'How does binary search work?');
    await answered(page);
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { told: string[] }).told))
      .toHaveLength(2);
    const told = await page.evaluate(() => (window as unknown as { told: string[] }).told);
    expect(told[0]).toBe('Answering');
    expect(told[1]).toMatch(/^A binary search halves what is left/);
    // Nothing that grows lies within a live region.
    expect(await page.locator('[aria-live] .markdown, [role=log] .markdown').count()).toBe(0);
    await page.context().close();
  });
});

describe('a phone of 360 pixels', () => {
  const overflow = (page: Page) =>
    page.evaluate(() => {
      const wide = [document.documentElement, ...document.querySelectorAll('main, .viewport')];
      return wide.filter((element) => element.scrollWidth > element.clientWidth).length;
    });

  it('never scrolls sideways, whatever an answer holds', async () => {
    const { page } = await openPage(browser, mock.url, {
      viewport: phone,
      hasTouch: true,
      isMobile: true,
    });
    expect(await overflow(page)).toBe(0);
    await messageField(page).fill('something wide ' + 'x'.repeat(500));
    await page.getByRole('button', { name: 'Send' }).tap();
    await answered(page);
    await page.locator('.katex').first().waitFor();
    expect(await overflow(page)).toBe(0);
    for (const element of await lastAnswer(page).locator('.markdown > div > *').all()) {
      const box = await element.boundingBox();
      expect(box!.x).toBeGreaterThanOrEqual(0);
      expect(box!.x + box!.width).toBeLessThanOrEqual(phone.width);
    }
    await page.context().close();
  });

  it('has its conversations in a drawer that closes when one is chosen', async () => {
    const { page } = await openPage(browser, mock.url, {
      viewport: phone,
      hasTouch: true,
      isMobile: true,
    });
    await messageField(page).fill('Hello');
    await page.getByRole('button', { name: 'Send' }).tap();
    await answered(page);
    const list = page.getByRole('navigation', { name: 'Conversations' });
    expect(await list.count()).toBe(0);
    await page.getByRole('button', { name: 'Show conversations' }).tap();
    await list.getByRole('link', { name: 'Hello' }).tap();
    await list.waitFor({ state: 'hidden' });
    // Enter on a touch keyboard breaks the line.
    await messageField(page).tap();
    await page.keyboard.type('a');
    await page.keyboard.press('Enter');
    expect(await messageField(page).inputValue()).toBe('a\n');
    await page.context().close();
  });

  it('is usable in landscape too', async () => {
    const { page } = await openPage(browser, mock.url, {
      viewport: { width: 740, height: 340 },
    });
    expect(await overflow(page)).toBe(0);
    expect(await messageField(page).isVisible()).toBe(true);
    await ask(page, 'Hello');
    await answered(page);
    const field = (await messageField(page).boundingBox())!;
    expect(field.y + field.height).toBeLessThanOrEqual(340);
    await page.context().close();
  });
});

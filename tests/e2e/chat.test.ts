// Asking, watching the answer come, stopping, asking again.
import { describe, expect, it } from 'vitest';
import {
  answered,
  answers,
  ask,
  lastAnswer,
  messageField,
  sendButton,
  stopButton,
  watchGrowing,
} from './browser';
import { mock, ownPageForEach, page } from './own_page';

ownPageForEach();

describe('a question', () => {
  it('is answered word by word, with the conversation so far and the model', async () => {
    await ask(page, 'Tell me something long');
    await watchGrowing(page, 4);
    await answered(page);
    await expect.poll(() => lastAnswer(page).textContent()).toContain('Paragraph 120:');

    await ask(page, 'Second question');
    await answered(page);
    expect((await lastAnswer(page).locator('.markdown').innerText()).trim()).toBe(
      'You said: Second question',
    );
    const last = mock.chats.at(-1)!;
    expect(last).toMatchObject({
      model: 'qwen2.5-coder-1.5b',
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(last.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(last).not.toHaveProperty('temperature');
  });

  it('shows how many tokens came, and how quickly', async () => {
    await ask(page, 'How does binary search work?');
    await answered(page);
    await expect
      .poll(() => lastAnswer(page).textContent())
      .toMatch(/\d+ tokens · \d+(\.\d)? tokens\/s/);
  });

  it('can come from a suggestion', async () => {
    await page.getByRole('button', { name: /Prove something/ }).click();
    await answered(page);
    expect(await lastAnswer(page).locator('.katex-display').count()).toBeGreaterThan(1);
    expect(await page.title()).toContain('square root of 2');
  });
});

describe('stopping', () => {
  it('ends the generation at the server, and keeps what has come', async () => {
    await ask(page, 'Tell me something slowly');
    await watchGrowing(page);
    await stopButton(page).click();
    await sendButton(page).waitFor();
    const text = await lastAnswer(page).locator('.markdown').textContent();
    await expect.poll(() => mock.hungUp).toBe(1);
    const written = mock.tokensWritten;
    await page.waitForTimeout(500);
    expect(await lastAnswer(page).locator('.markdown').textContent()).toBe(text);
    expect(mock.tokensWritten).toBeLessThanOrEqual(written + 1);
    expect(await lastAnswer(page).textContent()).toContain('Stopped.');
  });

  it('works with Esc from the message field, and the next question is answered', async () => {
    await ask(page, 'Tell me something slowly');
    await watchGrowing(page);
    await messageField(page).press('Escape');
    await sendButton(page).waitFor();
    await ask(page, 'Next');
    await answered(page);
    expect(await lastAnswer(page).textContent()).toContain('You said: Next');
  });

  it('works before the first word', async () => {
    await ask(page, 'Please think first');
    await stopButton(page).click();
    await sendButton(page).waitFor();
    expect(await lastAnswer(page).textContent()).toContain('Stopped.');
  });
});

describe('asking again', () => {
  it('adds a second answer, and both can be looked at', async () => {
    await ask(page, 'A question');
    await answered(page);
    await lastAnswer(page).getByRole('button', { name: 'Answer again' }).click();
    await answered(page);
    expect(await answers(page).count()).toBe(1);
    await lastAnswer(page).getByRole('group', { name: 'Version 2 of 2' }).waitFor();
    await lastAnswer(page).getByRole('button', { name: 'Previous version' }).click();
    await lastAnswer(page).getByRole('group', { name: 'Version 1 of 2' }).waitFor();
    expect(mock.chats).toHaveLength(2);
    expect(mock.chats[1]!.messages).toEqual(mock.chats[0]!.messages);
  });

  it('edits a question and keeps the first version with its answer', async () => {
    await ask(page, 'First wording');
    await answered(page);
    const question = page.getByRole('article', { name: 'You said' });
    await question.getByRole('button', { name: 'Edit message' }).click();
    const editor = page.getByRole('textbox', { name: 'Edit your message' });
    expect(await editor.inputValue()).toBe('First wording');
    await editor.fill('Second wording');
    await editor.press('Enter');
    await answered(page);
    expect(await lastAnswer(page).textContent()).toContain('You said: Second wording');
    expect(mock.chats[1]!.messages).toEqual([{ role: 'user', content: 'Second wording' }]);
    await question.getByRole('button', { name: 'Previous version' }).click();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: First wording');
  });

  it('lets the arrow up in an empty field edit the last question, and Esc give it up', async () => {
    await ask(page, 'A question');
    await answered(page);
    await messageField(page).press('ArrowUp');
    const editor = page.getByRole('textbox', { name: 'Edit your message' });
    await editor.fill('other');
    await editor.press('Escape');
    await editor.waitFor({ state: 'detached' });
    expect(await page.getByRole('article', { name: 'You said' }).textContent()).toContain(
      'A question',
    );
  });
});

describe('the message field', () => {
  it('breaks the line with Shift+Enter and sends with Enter', async () => {
    await messageField(page).pressSequentially('one');
    await messageField(page).press('Shift+Enter');
    await messageField(page).pressSequentially('two');
    const height = (await messageField(page).boundingBox())!.height;
    expect(height).toBeGreaterThan(45);
    await messageField(page).press('Enter');
    await answered(page);
    expect(mock.chats[0]!.messages[0]!.content).toBe('one\ntwo');
  });

  it('does not send what is empty', async () => {
    await messageField(page).press('Enter');
    await ask(page, '  \n ');
    expect(await sendButton(page).isDisabled()).toBe(true);
    expect(mock.chats).toHaveLength(0);
  });

  it('takes the Enter that ends a composition for what it is', async () => {
    await messageField(page).focus();
    const session = await page.context().newCDPSession(page);
    await session.send('Input.imeSetComposition', {
      text: 'にほん',
      selectionStart: 3,
      selectionEnd: 3,
    });
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
    await session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      ...enter,
    });
    await page.waitForTimeout(200);
    expect(mock.chats).toHaveLength(0);
    await session.send('Input.insertText', { text: '日本' });
    await messageField(page).press('Enter');
    await answered(page);
    expect(mock.chats.map(({ messages }) => messages[0]!.content)).toEqual(['日本']);
  });
});

describe('settings', () => {
  it('are sent, and outlive a reload', async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('textbox', { name: 'System prompt' }).fill('Be brief.');
    await page.getByRole('spinbutton', { name: 'Temperature' }).fill('0.5');
    await page.getByRole('spinbutton', { name: 'Longest answer' }).fill('3');
    await page.keyboard.press('Escape');
    await page.reload();
    await ask(page, 'one two three four five six');
    await answered(page);
    expect(mock.chats[0]).toMatchObject({
      temperature: 0.5,
      max_tokens: 3,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'one two three four five six' },
      ],
    });
    expect(await lastAnswer(page).textContent()).toContain('Cut at the token limit.');
  });

  it('refuse what is out of range', async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    const temperature = page.getByRole('spinbutton', { name: 'Temperature' });
    await temperature.fill('5');
    expect(await temperature.evaluate((field) => field.matches(':invalid'))).toBe(true);
    await page.keyboard.press('Escape');
    await ask(page, 'Hello');
    await answered(page);
    expect(mock.chats[0]).not.toHaveProperty('temperature');
  });

  it('change the theme at once, and before the first paint after a reload', async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Dark', { exact: true }).click();
    await expect.poll(background).not.toBe(light);
    const dark = await background();
    await page.reload({ waitUntil: 'commit' });
    await page.waitForFunction(() => document.body !== null);
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await background()).toBe(dark);
  });
});

describe('several models', () => {
  it('can be chosen from, and the choice is kept', async () => {
    mock.models = ['qwen2.5-coder-1.5b', 'smollm2-135m'];
    await page.reload();
    await page.getByRole('combobox', { name: 'Model' }).selectOption('smollm2-135m');
    await page.reload();
    await ask(page, 'Hello');
    await answered(page);
    expect(mock.chats[0]!.model).toBe('smollm2-135m');
  });
});

describe('the view', () => {
  const position = () =>
    page.getByRole('region', { name: 'Conversation' }).evaluate((view) => ({
      top: view.scrollTop,
      left: view.scrollHeight - view.clientHeight - view.scrollTop,
    }));

  it('follows the answer, lets go when one scrolls up, and jumps back on request', async () => {
    await ask(page, 'Tell me something long');
    await expect.poll(async () => (await position()).top).toBeGreaterThan(300);
    expect((await position()).left).toBeLessThan(40);

    await page.getByRole('region', { name: 'Conversation' }).hover();
    await page.mouse.wheel(0, -400);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    const { top } = await position();
    const before = await lastAnswer(page).textContent();
    await expect.poll(() => lastAnswer(page).textContent()).not.toBe(before);
    expect((await position()).top).toBe(top);

    await page.getByRole('button', { name: 'Jump to latest' }).click();
    await expect.poll(async () => (await position()).left).toBeLessThan(40);
    await answered(page);
    await expect.poll(async () => (await position()).left).toBeLessThan(40);
    expect(await page.getByRole('button', { name: 'Jump to latest' }).count()).toBe(0);
  });

  it('lets go at the smallest move upwards, however quickly words come', async () => {
    await ask(page, 'Tell me something long');
    await expect.poll(async () => (await position()).top).toBeGreaterThan(300);
    await page.getByRole('region', { name: 'Conversation' }).hover();
    await page.mouse.wheel(0, -10);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    await answered(page);
  });
});

describe('an answer', () => {
  it('is shown with tables, highlighted code and formulas, and is copied as its source', async () => {
    await ask(page, 'How does binary search work?');
    await answered(page);
    const answer = lastAnswer(page);
    await answer.locator('.hljs-keyword').first().waitFor();
    await answer.locator('.katex').first().waitFor();
    expect(await answer.locator('table tr').count()).toBe(4);
    expect(await answer.locator('figcaption').textContent()).toContain('Python');
    expect(await answer.getByRole('link').getAttribute('rel')).toContain('noopener');

    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await answer.getByRole('button', { name: 'Copy', exact: true }).click();
    await expect.poll(clipboard).toMatch(/^def binary_search[^]*return None$/);
    await answer.getByRole('button', { name: 'Copy answer' }).click();
    await expect.poll(clipboard).toMatch(/^A \*\*binary search\*\*/);
  });

  it('keeps selected text selected while it grows', async () => {
    await ask(page, 'Tell me something slowly');
    await expect
      .poll(() => lastAnswer(page).locator('.markdown p').count())
      .toBeGreaterThanOrEqual(2);
    await lastAnswer(page).locator('.markdown p').first().selectText();
    const selected = () => page.evaluate(() => getSelection()!.toString());
    const text = await selected();
    expect(text).toContain('Paragraph 1');
    await watchGrowing(page, 5);
    expect(await selected()).toBe(text);
  });

  it('never shows bare marks while it streams', async () => {
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      new MutationObserver(() => {
        const clone = document.querySelector('.markdown')?.cloneNode(true) as Element | undefined;
        clone?.querySelectorAll('pre, code, annotation').forEach((element) => element.remove());
        if (clone) seen.push(clone.textContent ?? '');
      }).observe(document.body, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
    await ask(page, 'How does binary search work? Tell it calmly.');
    await answered(page);
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.length).toBeGreaterThan(20);
    for (const text of seen) expect(text).not.toMatch(/[*`$|]|\]\(/);
  });
});

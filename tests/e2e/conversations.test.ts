// Conversations stay: over reloads, over interruptions, and when there are a thousand.
import { describe, expect, it } from 'vitest';
import { longAnswer } from './answers';
import {
  answered,
  answers,
  ask,
  lastAnswer,
  messageField,
  sendButton,
  watchGrowing,
} from './browser';
import { mock, ownPageForEach, page } from './own_page';

ownPageForEach();

const list = (on = page) => on.getByRole('navigation', { name: 'Conversations' });
const titles = (on = page) => list(on).locator('.title').allTextContents();

async function converse(question: string): Promise<void> {
  await page.getByRole('button', { name: 'New chat' }).first().click();
  await ask(page, question);
  await answered(page);
}

async function option(title: string, name: 'Rename' | 'Delete'): Promise<void> {
  await list().getByRole('link', { name: title }).hover();
  await page.getByRole('button', { name: `Options for ${title}` }).click();
  await page.getByRole('menuitem', { name }).click();
}

describe('conversations', () => {
  it('are listed newest first, and opened by a click, by the address, and by going back', async () => {
    await converse('First');
    await converse('Second');
    expect(await titles()).toEqual(['Second', 'First']);
    await list().getByRole('link', { name: 'First' }).click();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: First');
    await page.reload();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: First');
    await page.goBack();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: Second');
    await page.goto(`${mock.url}/#/c/doesnotexist`);
    await page.reload();
    await page.getByRole('heading', { name: 'Helicon' }).waitFor();
  });

  it('are renamed, and keep the new name', async () => {
    await converse('First');
    await option('First', 'Rename');
    await page.getByRole('textbox', { name: 'Title of the conversation' }).fill('Another name');
    await page.keyboard.press('Enter');
    await expect.poll(() => titles()).toEqual(['Another name']);
    await page.reload();
    await expect.poll(() => titles()).toEqual(['Another name']);
    expect(await page.title()).toBe('Another name · Helicon');
  });

  it('are deleted only when one is sure', async () => {
    await converse('First');
    await converse('Second');
    await option('First', 'Delete');
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await titles()).toEqual(['Second', 'First']);
    await option('First', 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => titles()).toEqual(['Second']);
    await page.reload();
    await expect.poll(() => titles()).toEqual(['Second']);
  });

  it('are deleted all at once from the settings', async () => {
    await converse('First');
    await converse('Second');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Delete all conversations' }).click();
    await page.getByRole('button', { name: 'Delete all', exact: true }).click();
    await expect.poll(() => list().textContent()).toContain('Your conversations will be here');
    await page.keyboard.press('Escape');
    await page.reload();
    await expect.poll(() => list().textContent()).toContain('Your conversations will be here');
  });

  it('are found by title and by what was said in them', async () => {
    await converse('About apples');
    await converse('How does binary search work?');
    const search = page.getByRole('searchbox', {
      name: 'Search conversations',
    });
    await search.fill('APPLES');
    await expect.poll(() => titles()).toEqual(['About apples']);
    await search.fill('premature optimisation');
    await expect.poll(() => titles()).toEqual(['How does binary search work?']);
    await search.fill('no such thing');
    await expect.poll(() => list().textContent()).toContain('Nothing found');
    await search.press('Escape');
    await expect.poll(() => titles()).toHaveLength(2);
  });

  it('go on being answered while one looks at another', async () => {
    await converse('First');
    await page.getByRole('button', { name: 'New chat' }).first().click();
    await ask(page, 'Tell me something slowly');
    const [seen] = await watchGrowing(page);
    await list().getByRole('link', { name: 'First' }).click();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: First');
    await list()
      .getByRole('link', { name: /something slowly \(being answered\)/ })
      .click();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('Paragraph 1:');
    const later = await watchGrowing(page);
    expect(later[0]!.length).toBeGreaterThan(seen!.length);
    expect(mock.hungUp).toBe(0);
  });

  it('keep a draft each', async () => {
    await converse('First');
    await messageField(page).fill('half a thought');
    await page.getByRole('button', { name: 'New chat' }).first().click();
    expect(await messageField(page).inputValue()).toBe('');
  });
});

describe('an answer cut short', () => {
  it('by a reload keeps what it had, says so, and can be had again', async () => {
    await ask(page, 'Tell me something slowly');
    const seen = await watchGrowing(page, 5);
    await page.reload();
    await lastAnswer(page).waitFor();
    const text = await lastAnswer(page).locator('.markdown').textContent();
    expect(text!.startsWith(seen.at(-1)!.trimEnd())).toBe(true);
    await expect.poll(() => lastAnswer(page).textContent()).toContain('Interrupted');
    expect(await sendButton(page).count()).toBe(1);
    await expect.poll(() => mock.hungUp).toBe(1);
  });

  it('by a crash keeps what had been saved', async () => {
    await ask(page, 'Tell me something slowly');
    await watchGrowing(page, 3);
    await page.waitForTimeout(1500);
    const session = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    session.send('Page.crash').catch(() => {}); // it never answers
    await crashed;
    const again = await page.context().newPage();
    await again.goto(mock.url);
    await list(again).getByRole('link', { name: 'Tell me something slowly' }).click();
    await expect.poll(() => lastAnswer(again).textContent()).toContain('Paragraph 1:');
    await expect.poll(() => lastAnswer(again).textContent()).toContain('Interrupted');
  });
});

describe('two tabs', () => {
  it('see the same conversations, and one sees the other answer', async () => {
    const other = await page.context().newPage();
    await other.goto(mock.url);
    await page.bringToFront();
    await ask(page, 'Tell me something slowly');
    await watchGrowing(page);
    await expect.poll(() => titles(other)).toEqual(['Tell me something slowly']);
    await list(other).getByRole('link').first().click();
    await watchGrowing(other);
    expect(await lastAnswer(other).textContent()).not.toContain('Interrupted');
    await page.keyboard.press('Escape');
    await expect.poll(() => lastAnswer(other).textContent()).toContain('Stopped.');
  });
});

interface Seed {
  title: string;
  updated: number;
  messages: string[]; // by turns: a question, an answer, ...
}

// Puts conversations into the browser's database, behind the page's back, and reloads.
async function seed(conversations: Seed[]): Promise<void> {
  await page.evaluate(async (seeds) => {
    const request = indexedDB.open('helicon');
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error!);
    });
    const transaction = database.transaction(['conversations', 'messages'], 'readwrite');
    seeds.forEach(({ title, updated, messages }, index) => {
      const id = `seed${index}`;
      const leaf = `${id}m${messages.length - 1}`;
      const info = { id, title, created: updated, updated, leaf, model: null };
      transaction.objectStore('conversations').put(info);
      messages.forEach((content, turn) => {
        transaction.objectStore('messages').put({
          id: `${id}m${turn}`,
          conversation: id,
          parent: turn === 0 ? null : `${id}m${turn - 1}`,
          role: turn % 2 === 0 ? 'user' : 'assistant',
          content,
          created: updated + turn,
          state: 'complete',
        });
      });
    });
    await new Promise((resolve) => (transaction.oncomplete = resolve));
  }, conversations);
  await page.reload();
}

describe('a long conversation', () => {
  it('opens at its end, and what one reads stays put while the rest appears above', async () => {
    const messages = Array.from(
      { length: 120 },
      (_, turn) => `Turn ${turn}. ${longAnswer.slice(0, 800)}`,
    );
    await seed([{ title: 'Long', updated: Date.now(), messages }]);
    await list().getByRole('link').click();
    const read = answers(page).filter({ hasText: 'Turn 119.' });
    await read.waitFor();
    await page.getByRole('region', { name: 'Conversation' }).hover();
    await page.mouse.wheel(0, -60);
    await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
    const place = async () => (await read.boundingBox())!.y;
    const before = await place();
    await expect.poll(() => answers(page).count()).toBe(60);
    expect(Math.abs((await place()) - before)).toBeLessThan(3);
  });
});

describe('a thousand conversations', () => {
  it('stay quick to open, scroll, search and continue', async () => {
    const now = Date.now();
    const said = 'Some words that were said. '.repeat(30);
    await seed(
      Array.from({ length: 1000 }, (_, i) => ({
        title: `Conversation number ${i}`,
        updated: now - i * 3_600_000,
        messages: Array.from({ length: 10 }, (__, turn) => `${said} needle${i}x${turn}`),
      })),
    );
    await expect.poll(() => titles().then((all) => all.length)).toBe(60);
    const shown = await page.evaluate(() => performance.now());
    expect(shown, 'milliseconds from the reload to the list').toBeLessThan(5000);

    const started = Date.now();
    await page.getByRole('searchbox').fill('needle777x3');
    await expect.poll(() => titles(), { interval: 20 }).toEqual(['Conversation number 777']);
    expect(Date.now() - started, 'milliseconds of a search').toBeLessThan(3000);
    await list().getByRole('link').click();
    await expect.poll(() => lastAnswer(page).textContent()).toContain('needle777x9');
    await page.getByRole('searchbox').fill('');
    await expect.poll(() => titles().then((all) => all.length)).toBeGreaterThanOrEqual(60);

    // The end of the list comes as one scrolls there.
    await expect
      .poll(async () => {
        await list().evaluate((nav) => (nav.scrollTop = nav.scrollHeight));
        return (await titles()).length;
      })
      .toBe(1000);
    await ask(page, 'And now?');
    await answered(page);
    await expect.poll(() => lastAnswer(page).textContent()).toContain('You said: And now?');
    expect((await titles())[0]).toBe('Conversation number 777');
  });
});

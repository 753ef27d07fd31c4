// Pictures, films and sounds with a question: chosen, pasted, dropped, taken back, kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { answered, lastAnswer, messageField, sendButton } from './browser';
import { mock, ownPageForEach, page } from './own_page';

ownPageForEach();

const folder = fileURLToPath(new URL('../golden/models/muse_spark_chat/', import.meta.url));
const picture = `${folder}picture_0.png`;
const bytes = readFileSync(picture).toString('base64');

const attached = () => page.getByRole('group', { name: 'Attached' });
const chooser = () => page.locator('input[type=file]');
const sent = () => mock.chats.at(-1)!.messages.at(-1)!.content;

// As a browser hands over what is dropped or pasted.
async function give(kind: 'drop' | 'paste', name: string, type: string): Promise<void> {
  await page.evaluate(
    ([kind, name, type, base64]) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64!), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], name!, { type }));
      const target = document.querySelector('textarea')!;
      const options = { bubbles: true, cancelable: true };
      if (kind === 'drop') {
        target.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: data }));
        target.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: data }));
      } else target.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
    },
    [kind, name, type, bytes],
  );
}

describe('an attachment', () => {
  it('goes with the question, and is there after a reload', async () => {
    await chooser().setInputFiles([picture, `${folder}sound_0.wav`]);
    await attached().getByRole('img', { name: 'picture_0.png' }).waitFor();
    expect(await attached().locator('figure').count()).toBe(2);
    await messageField(page).fill('What is this?');
    await messageField(page).press('Enter');
    await answered(page);
    expect(await lastAnswer(page).textContent()).toContain(
      'You said: (image_url) (audio_url) What is this?',
    );
    expect(sent()).toMatchObject([
      { type: 'image_url', image_url: { url: `data:image/png;base64,${bytes}` } },
      { type: 'audio_url' },
      { type: 'text', text: 'What is this?' },
    ]);
    expect(await attached().count()).toBe(0);
    await page.reload();
    const said = page.getByRole('article', { name: 'You said' });
    await said.getByRole('img', { name: 'picture_0.png' }).waitFor();
    const width = () =>
      said.getByRole('img').evaluate((image) => (image as HTMLImageElement).naturalWidth);
    await expect.poll(width).toBe(59);
    expect(await said.locator('audio').count()).toBe(1);
    // The conversation goes on with it.
    await messageField(page).fill('And now?');
    await messageField(page).press('Enter');
    await answered(page);
    expect(mock.chats.at(-1)!.messages[0]!.content).toMatchObject([
      { type: 'image_url', image_url: { url: `data:image/png;base64,${bytes}` } },
      { type: 'audio_url' },
      { type: 'text', text: 'What is this?' },
    ]);
  });

  it('can be pasted, dropped, taken back, and sent without a word', async () => {
    await give('paste', 'pasted.png', 'image/png');
    await give('drop', 'dropped.png', 'image/png');
    await expect.poll(() => attached().locator('figure').count()).toBe(2);
    await page.getByRole('button', { name: 'Remove pasted.png' }).click();
    await expect.poll(() => attached().locator('figure').count()).toBe(1);
    await sendButton(page).click();
    await answered(page);
    expect(sent()).toHaveLength(1);
    expect(await page.title()).toContain('dropped.png');
  });

  it('is refused with a reason where it is none', async () => {
    await give('drop', 'notes.txt', 'text/plain');
    await page.getByRole('alert').filter({ hasText: 'notes.txt is no picture' }).waitFor();
    expect(await attached().count()).toBe(0);
    expect(await sendButton(page).isDisabled()).toBe(true);
  });
});

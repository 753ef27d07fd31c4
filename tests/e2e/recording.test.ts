// Sounds and pictures made in the page.
import { beforeEach, describe, expect, it } from 'vitest';
import { answered, fakeDevices, messageField, phone, sendButton, stopButton } from './browser';
import { mock, ownPageForEach, page } from './own_page';

ownPageForEach(fakeDevices);

type Spied = typeof window & { streams: MediaStream[]; told: string[] };

beforeEach(async () => {
  await page.addInitScript(() => {
    const streams: MediaStream[] = [];
    Object.assign(window, { streams });
    if (!navigator.mediaDevices) return;
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      streams.push(stream);
      return stream;
    };
  });
  await page.reload();
  await messageField(page).waitFor();
});

const attachButton = () => page.getByRole('button', { name: 'Attach pictures, films or sounds' });
const attached = () => page.getByRole('group', { name: 'Attached' });
const bar = () => page.getByRole('group', { name: 'Recording' });
const camera = () => page.getByRole('dialog', { name: 'Take a picture' });
const sent = () => mock.chats.at(-1)!.messages.at(-1)!.content;

async function choose(item: string): Promise<void> {
  await attachButton().click();
  await page.getByRole('menuitem', { name: item }).click();
}

// How many devices were opened, and how many of them still are.
const opened = () =>
  page.evaluate(() => {
    const tracks = (window as Spied).streams.flatMap((stream) => stream.getTracks());
    return [tracks.length, tracks.filter(({ readyState }) => readyState === 'live').length];
  });

const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
const isLive = () =>
  page.evaluate(() => (document.querySelector('dialog video') as HTMLVideoElement).videoWidth > 0);

describe('a recording', () => {
  const begin = async () => {
    await choose('Record sound');
    await bar().getByRole('button', { name: 'Stop the recording' }).waitFor();
  };

  it('is stopped, heard of, and sent', async () => {
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
    await begin();
    expect(await focused()).toBe('Stop the recording');
    expect(await opened()).toEqual([1, 1]);
    await expect.poll(() => bar().getByRole('timer').textContent()).toBe('0:01');
    await page.waitForTimeout(500);
    await page.keyboard.press('Enter');
    await attached().getByText('Recording 1.webm').waitFor();
    expect(await bar().count()).toBe(0);
    await expect.poll(focused).toBe('Attach pictures, films or sounds');
    expect(await opened()).toEqual([1, 0]);
    expect(await page.evaluate(() => (window as Spied).told)).toEqual([
      'The recording has begun',
      'The recording has ended. It is attached',
    ]);
    await messageField(page).fill('What do you hear?');
    await messageField(page).press('Enter');
    await answered(page);
    expect(sent()).toMatchObject([
      {
        type: 'audio_url',
        audio_url: { url: expect.stringMatching(/^data:audio\/webm;base64,\S{1000}/) },
      },
      { type: 'text', text: 'What do you hear?' },
    ]);
    // It can be listened to, and the next one has another name.
    const said = page.getByRole('article', { name: 'You said' });
    const ready = () =>
      said.locator('audio').evaluate((sound) => (sound as HTMLMediaElement).readyState);
    await expect.poll(ready).toBeGreaterThan(0);
    await begin();
    // What is stopped at once is empty, and refused.
    await expect.poll(() => bar().getByRole('timer').textContent()).toBe('0:01');
    await bar().getByRole('button', { name: 'Stop the recording' }).click();
    await attached().getByText('Recording 2.webm').waitFor();
  });

  it('that is cancelled leaves nothing', async () => {
    await begin();
    await bar().getByRole('button', { name: 'Cancel the recording' }).click();
    await bar().waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Attach pictures, films or sounds');
    await begin();
    await messageField(page).focus();
    await page.keyboard.press('Escape');
    await bar().waitFor({ state: 'detached' });
    expect(await focused()).toBe('Message');
    expect(await opened()).toEqual([2, 0]);
    expect(await attached().count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await sendButton(page).isDisabled()).toBe(true);
  });

  it('is cancelled by Esc before an answer is stopped', async () => {
    await messageField(page).fill('Tell me something slowly');
    await messageField(page).press('Enter');
    await stopButton(page).waitFor();
    await begin();
    await page.keyboard.press('Escape');
    await bar().waitFor({ state: 'detached' });
    expect(await stopButton(page).count()).toBe(1);
    await page.keyboard.press('Escape');
    await answered(page);
  });

  it('goes with the question that is sent meanwhile', async () => {
    await begin();
    await messageField(page).fill('Listen');
    await page.waitForTimeout(300);
    await messageField(page).press('Enter');
    // The recording's end comes after the key, and only then is anything sent.
    await page.getByRole('article', { name: 'You said' }).waitFor();
    await answered(page);
    expect(sent()).toMatchObject([{ type: 'audio_url' }, { type: 'text', text: 'Listen' }]);
    expect(await opened()).toEqual([1, 0]);
  });

  it('is given up where another conversation is opened', async () => {
    await messageField(page).fill('Hello');
    await messageField(page).press('Enter');
    await answered(page);
    await begin();
    await page.keyboard.press('Control+Shift+O');
    await bar().waitFor({ state: 'detached' });
    expect(await opened()).toEqual([1, 0]);
    await expect.poll(focused).toBe('Message');
    await page.goBack();
    await page.getByRole('article', { name: 'You said' }).waitFor();
    expect(await bar().count()).toBe(0);
    expect(await attached().count()).toBe(0);
  });
});

describe('a picture', () => {
  const look = async () => {
    await choose('Take a picture');
    await camera().waitFor();
    await expect.poll(isLive).toBe(true);
    await camera().getByText('The camera is on').waitFor({ state: 'attached' });
  };

  it('is taken and sent', async () => {
    await look();
    expect(await focused()).toBe('Take the picture');
    await page.keyboard.press('Enter');
    await attached().getByRole('img', { name: 'Photo 1.jpg' }).waitFor();
    await camera().waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Attach pictures, films or sounds');
    expect(await opened()).toEqual([1, 0]);
    await sendButton(page).click();
    await answered(page);
    expect(sent()).toMatchObject([
      {
        type: 'image_url',
        image_url: { url: expect.stringMatching(/^data:image\/jpeg;base64,\/9j\S{1000}/) },
      },
    ]);
    const picture = page.getByRole('article', { name: 'You said' }).getByRole('img');
    const width = () => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth);
    await expect.poll(width).toBeGreaterThan(300);
  });

  it('comes from the other camera, if one likes', async () => {
    const device = () =>
      page.evaluate(() => (window as Spied).streams.at(-1)!.getTracks()[0]!.getSettings().deviceId);
    await look();
    const first = await device();
    await camera().getByRole('button', { name: 'Next camera' }).click();
    await expect.poll(opened).toEqual([2, 1]);
    expect(await device()).not.toBe(first);
    await expect.poll(isLive).toBe(true);
    await camera().getByRole('button', { name: 'Next camera' }).click();
    await expect.poll(opened).toEqual([3, 1]);
    expect(await device()).toBe(first);
  });

  it('is not taken when the dialog is closed', async () => {
    await look();
    await page.keyboard.press('Escape');
    await camera().waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Attach pictures, films or sounds');
    expect(await opened()).toEqual([1, 0]);
    expect(await attached().count()).toBe(0);
  });
});

describe('without leave', () => {
  it.each([
    ['NotAllowedError', 'Record sound', 'This page may not use the microphone.'],
    ['NotAllowedError', 'Take a picture', 'This page may not use the camera.'],
    ['NotFoundError', 'Record sound', 'There is no microphone.'],
    ['NotReadableError', 'Take a picture', 'another program may be using it'],
  ])('a device says why: %s, %s', async (name, item, words) => {
    await page.evaluate((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name));
    }, name);
    await choose(item);
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    expect(await bar().count()).toBe(0);
    expect(await camera().count()).toBe(0);
    await expect.poll(focused).toBe('Attach pictures, films or sounds');
  });

  it('to ask at all, the button opens the chooser', async () => {
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
    });
    await page.reload();
    const chooser = page.waitForEvent('filechooser');
    await attachButton().click();
    expect((await chooser).isMultiple()).toBe(true);
    expect(await page.getByRole('menu').count()).toBe(0);
  });

  it('for sounds, films and pictures are still there', async () => {
    await page.addInitScript(() => Reflect.deleteProperty(window, 'MediaRecorder'));
    await page.reload();
    await attachButton().click();
    const items = page.getByRole('menuitem');
    await expect.poll(() => items.allInnerTexts()).toEqual(['Files', 'Take a picture']);
    const chooser = page.waitForEvent('filechooser');
    await items.first().click();
    await chooser;
  });
});

it.each([
  ['upright', phone],
  ['lying', { width: phone.height, height: phone.width }],
])('fits a phone of 360 pixels, %s', async (_, size) => {
  await page.setViewportSize(size);
  const inside = async (name: string) => {
    const box = (await page.getByRole('button', { name }).boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(size.width);
    expect(box.y + box.height).toBeLessThanOrEqual(size.height);
  };
  await choose('Record sound');
  await inside('Stop the recording');
  await inside('Cancel the recording');
  await page.keyboard.press('Escape');
  await choose('Take a picture');
  await inside('Take the picture');
  await inside('Next camera');
});

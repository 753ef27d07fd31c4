import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Camera, still } from './camera';
import { denied, devices, FakeStream, getUserMedia, plugIn } from './fake_devices';

let opened: FakeStream[];

beforeEach(() => {
  plugIn();
  opened = [];
  getUserMedia.mockImplementation(async ({ video }) => {
    const { deviceId } = video as { deviceId?: { exact: string } };
    const stream = new FakeStream(deviceId?.exact ?? 'one');
    opened.push(stream);
    return stream;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const nothing = () => {};

describe('a camera', () => {
  it('is opened and let go', async () => {
    devices.push({ kind: 'videoinput', deviceId: 'one' }, { kind: 'audioinput', deviceId: 'two' });
    const camera = new Camera(nothing);
    expect(await camera.open()).toBe(opened[0]);
    expect(camera.several).toBe(false);
    camera.close();
    expect(opened[0]!.live).toBe(false);
  });

  it('gives way to the next one, and to the first after the last', async () => {
    for (const deviceId of ['one', 'two']) devices.push({ kind: 'videoinput', deviceId });
    const camera = new Camera(nothing);
    await camera.open();
    expect(camera.several).toBe(true);
    await camera.next();
    await camera.next();
    expect(opened.map(({ tracks }) => tracks[0]!.deviceId)).toEqual(['one', 'two', 'one']);
    expect(opened.map(({ live }) => live)).toEqual([false, false, true]);
    camera.close();
    expect(opened[2]!.live).toBe(false);
  });

  it('that is closed before it opens, is let go at once', async () => {
    const camera = new Camera(nothing);
    const opening = camera.open();
    camera.close();
    expect(await opening).toBeNull();
    expect(opened[0]!.live).toBe(false);
  });

  it('fails where it is refused, if someone still waits for it', async () => {
    getUserMedia.mockRejectedValue(denied());
    const camera = new Camera(nothing);
    await expect(camera.open()).rejects.toThrow('Permission denied');
    const opening = camera.open();
    camera.close();
    expect(await opening).toBeNull();
  });

  it('says when it goes away by itself', async () => {
    const lost = vi.fn();
    const camera = new Camera(lost);
    await camera.open();
    opened[0]!.tracks[0]!.lose();
    expect(lost).toHaveBeenCalledOnce();
  });
});

describe('still', () => {
  const film = { videoWidth: 640, videoHeight: 480 } as HTMLVideoElement;

  it('is a JPEG of the whole picture', async () => {
    const drawImage = vi.fn();
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue({ drawImage } as never);
    const toBlob = vi
      .spyOn(HTMLCanvasElement.prototype, 'toBlob')
      .mockImplementation((take, type) => take(new Blob(['jpeg'], { type: type! })));
    expect((await still(film)).type).toBe('image/jpeg');
    expect(toBlob).toHaveBeenCalledWith(expect.any(Function), 'image/jpeg', 0.92);
    expect(drawImage).toHaveBeenCalledWith(film, 0, 0);
    expect(toBlob.mock.contexts[0]).toMatchObject({ width: 640, height: 480 });
  });

  it('fails where there is none', async () => {
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
    vi.spyOn(HTMLCanvasElement.prototype, 'toBlob').mockImplementation((take) => take(null));
    await expect(still(film)).rejects.toThrow('There is no picture.');
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { denied, FakeRecorder, FakeStream, getUserMedia, plugIn } from './fake_devices';
import { longest, Recorder, spareBytes } from './recorder';

let stream: FakeStream;
let begun: ReturnType<typeof vi.fn<() => void>>;

beforeEach(() => {
  vi.useFakeTimers();
  plugIn();
  stream = new FakeStream();
  getUserMedia.mockImplementation(async () => stream);
  begun = vi.fn<() => void>();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const plenty = () => 1 << 30;

async function running(room = plenty): Promise<Recorder> {
  const recorder = new Recorder(room, begun);
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toHaveBeenCalledOnce();
  expect(getUserMedia).toHaveBeenCalledWith({ audio: true });
  return recorder;
}

describe('a recording', () => {
  it('keeps what was heard until it is ended, and lets the microphone go', async () => {
    const recorder = await running();
    FakeRecorder.last.hear(3);
    FakeRecorder.last.hear(4);
    recorder.end();
    expect(stream.live).toBe(false); // before the rest has come
    const { sound, end } = (await recorder.done)!;
    expect([sound.size, sound.type, end]).toEqual([8, 'audio/webm;codecs=opus', 'asked']);
    expect(vi.getTimerCount()).toBe(0);
    recorder.end();
    recorder.cancel();
    expect(await recorder.done).not.toBeNull();
  });

  it('keeps nothing when it is cancelled', async () => {
    const recorder = await running();
    FakeRecorder.last.hear(3);
    recorder.cancel();
    expect(stream.live).toBe(false);
    expect(await recorder.done).toBeNull();
    expect(FakeRecorder.last.state).toBe('inactive');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['end', 'cancel'] as const)(
    'asked to %s before it begins, never begins',
    async (what) => {
      let grant!: (stream: FakeStream) => void;
      getUserMedia.mockImplementation(() => new Promise((resolve) => (grant = resolve)));
      const recorder = new Recorder(plenty, begun);
      recorder[what]();
      expect(await recorder.done).toBeNull();
      grant(stream);
      await vi.advanceTimersByTimeAsync(0);
      expect(stream.live).toBe(false);
      expect(begun).not.toHaveBeenCalled();
    },
  );

  it('ends by itself after ten minutes', async () => {
    const recorder = await running();
    await vi.advanceTimersByTimeAsync(longest * 1000 - 1);
    expect(FakeRecorder.last.state).toBe('recording');
    await vi.advanceTimersByTimeAsync(1);
    expect(stream.live).toBe(false);
    expect((await recorder.done)!.end).toBe('time');
  });

  it('ends by itself before it is larger than what there is room for', async () => {
    let room = spareBytes + 10;
    const recorder = await running(() => room);
    FakeRecorder.last.hear(5);
    expect(FakeRecorder.last.state).toBe('recording');
    room -= 4; // something else is attached
    FakeRecorder.last.hear(2);
    const { sound, end } = (await recorder.done)!;
    expect([sound.size, end]).toEqual([8, 'size']);
    expect(stream.live).toBe(false);
  });

  it('ends with the microphone, and keeps what was heard', async () => {
    const recorder = await running();
    FakeRecorder.last.hear(3);
    stream.tracks[0]!.lose();
    const { sound, end } = (await recorder.done)!;
    expect([sound.size, end]).toEqual([4, 'lost']);
  });

  it('fails where the microphone is refused, and not after it was given up', async () => {
    getUserMedia.mockRejectedValue(denied());
    await expect(new Recorder(plenty, begun).done).rejects.toThrow('Permission denied');
    const given = new Recorder(plenty, begun);
    given.cancel();
    expect(await given.done).toBeNull();
    expect(begun).not.toHaveBeenCalled();
  });

  it('lets the microphone go where nothing can be recorded from it', async () => {
    vi.spyOn(FakeRecorder.prototype, 'start').mockImplementationOnce(() => {
      throw new DOMException('no', 'NotSupportedError');
    });
    await expect(new Recorder(plenty, begun).done).rejects.toThrow('no');
    expect(stream.live).toBe(false);
  });
});

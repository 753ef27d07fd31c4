import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { canPhotograph, canRecord, problemOf, soundType } from './devices';
import { FakeRecorder, plugIn } from './fake_devices';

beforeEach(plugIn);
afterEach(() => {
  FakeRecorder.types = ['audio/webm;codecs=opus'];
  vi.unstubAllGlobals();
});

describe('what can be asked for', () => {
  it('is both where the browser has both', () => {
    expect([canRecord(), canPhotograph()]).toEqual([true, true]);
  });

  it('is nothing in an insecure context', () => {
    vi.stubGlobal('navigator', {});
    expect([canRecord(), canPhotograph()]).toEqual([false, false]);
  });

  it('is a picture where nothing writes sounds', () => {
    FakeRecorder.types = ['audio/flac'];
    expect(canRecord()).toBe(false);
    vi.stubGlobal('MediaRecorder', undefined);
    expect([canRecord(), canPhotograph()]).toEqual([false, true]);
  });
});

it('soundType is the first that the browser writes', () => {
  expect(soundType()).toBe('audio/webm;codecs=opus');
  FakeRecorder.types = ['audio/ogg', 'audio/mp4'];
  expect(soundType()).toBe('audio/mp4');
});

it.each([
  ['NotAllowedError', 'This page may not use the camera.'],
  ['NotFoundError', 'There is no camera.'],
  ['OverconstrainedError', 'There is no camera.'],
  ['NotReadableError', 'another program may be using it'],
  ['OddError', 'The camera cannot be used: why'],
])('%s is said plainly', (name, words) => {
  expect(problemOf(new DOMException('why', name), 'camera')).toContain(words);
});

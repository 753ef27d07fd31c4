import { describe, expect, it } from 'vitest';
import { choose, kindOf, mostBytes, numbered, partsOf, roomBeside } from './attachment';

const file = (name: string, type: string, bytes: BlobPart = 'x') =>
  new File([bytes], name, { type });

describe('choose', () => {
  it('takes pictures, films and sounds, and says why not others', () => {
    const { taken, refused } = choose(
      [file('a.png', 'image/png'), file('b.mp4', 'video/mp4'), file('c.wav', 'audio/wav')],
      [],
    );
    expect(taken.map(({ kind, name }) => [kind, name])).toEqual([
      ['image', 'a.png'],
      ['video', 'b.mp4'],
      ['audio', 'c.wav'],
    ]);
    expect(refused).toBeNull();
    expect(choose([file('d.pdf', 'application/pdf')], [])).toEqual({
      taken: [],
      refused: 'd.pdf is no picture, film or sound.',
    });
    expect(choose([file('e.png', 'image/png', '')], []).refused).toContain('empty');
    expect(kindOf('')).toBeNull();
  });

  it('keeps what a request may hold', () => {
    const large = file('a.png', 'image/png', new Uint8Array(mostBytes - 1));
    const first = choose([large], []).taken;
    expect(first).toHaveLength(1);
    const second = choose([file('b.png', 'image/png', 'xy'), file('c.png', 'image/png')], first);
    expect(second.taken.map(({ name }) => name)).toEqual(['c.png']);
    expect(second.refused).toContain('b.png is too large');
  });
});

it('roomBeside is what the others leave', () => {
  expect(roomBeside([])).toBe(mostBytes);
  const { taken } = choose([file('a.png', 'image/png', 'abc')], []);
  expect(roomBeside(taken)).toBe(mostBytes - 3);
});

it('numbered gives each a name of its own', () => {
  const sound = new Blob(['x'], { type: 'audio/webm;codecs=opus' });
  const { name, type } = numbered('Recording', sound, []);
  expect([name, type]).toEqual(['Recording 1.webm', 'audio/webm']);
  const { taken } = choose(
    [file('Recording 1.m4a', 'audio/mp4'), file('Recording 3.webm', 'audio/webm')],
    [],
  );
  expect(numbered('Recording', sound, taken).name).toBe('Recording 2.webm');
  expect(numbered('Photo', new Blob(['x'], { type: 'image/jpeg' }), taken).name).toBe(
    'Photo 1.jpg',
  );
});

it('partsOf puts them before the text', async () => {
  const { taken } = choose(
    [file('a.png', 'image/png', 'abc'), file('b.mp3', 'audio/mpeg', 'd')],
    [],
  );
  expect(await partsOf(taken, 'What?')).toEqual([
    { type: 'image_url', image_url: { url: 'data:image/png;base64,YWJj' } },
    { type: 'audio_url', audio_url: { url: 'data:audio/mpeg;base64,ZA==' } },
    { type: 'text', text: 'What?' },
  ]);
  expect(await partsOf([], '')).toEqual([]);
});

import { expect, it } from 'vitest';
import { duration } from './duration';

it.each([
  [0, 'under 1 s'],
  [1, '1 s'],
  [59, '59 s'],
  [60, '1 min 0 s'],
  [3725, '62 min 5 s'],
])('says %d seconds as %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

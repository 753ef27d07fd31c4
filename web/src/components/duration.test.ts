import { expect, it } from 'vitest';
import { clock, duration } from './duration';

it.each([
  [0, 'under 1 s'],
  [1, '1 s'],
  [59, '59 s'],
  [60, '1 min 0 s'],
  [3725, '62 min 5 s'],
])('says %d seconds as %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

it.each([
  [0, '0:00'],
  [59, '0:59'],
  [61, '1:01'],
  [600, '10:00'],
])('shows %d seconds as %s on a clock', (seconds, shown) => {
  expect(clock(seconds)).toBe(shown);
});

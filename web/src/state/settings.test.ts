import { expect, it } from 'vitest';
import { defaults, parseSettings } from './settings.svelte';

it('takes stored settings', () => {
  const stored = { ...defaults, theme: 'dark', system: 'x', temperature: 0, maxTokens: 5 } as const;
  expect(parseSettings(JSON.stringify(stored))).toEqual(stored);
});

it.each([null, '', 'nonsense', 'null', '[]', '7', '{"theme":"pink","temperature":"hot"}'])(
  'takes the defaults where %s was stored',
  (text) => {
    expect(parseSettings(text)).toEqual(defaults);
  },
);

it('does not take numbers out of range', () => {
  const parsed = parseSettings('{"temperature":2.1,"maxTokens":0,"system":"kept"}');
  expect(parsed).toEqual({ ...defaults, system: 'kept' });
});

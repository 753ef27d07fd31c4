import { afterEach, expect, it } from 'vitest';
import {
  defaults,
  noteRefusal,
  parseSettings,
  refused,
  requestFields,
  settings,
} from './settings.svelte';

afterEach(() => void Object.assign(settings, defaults));

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
  const parsed = parseSettings(
    '{"temperature":2.1,"maxTokens":0,"agents":33,"rounds":1.5,"budget":15,"system":"kept"}',
  );
  expect(parsed).toEqual({ ...defaults, system: 'kept' });
});

it('sends what was chosen, and of that what the mode has', () => {
  expect(requestFields()).toEqual({});
  settings.mode = 'contemplating';
  expect(requestFields()).toEqual({ mode: { name: 'contemplating' } });
  Object.assign(settings, { agents: 32, rounds: 1, budget: 16, effort: 'high', temperature: 0 });
  expect(requestFields()).toEqual({
    mode: { name: 'contemplating', agents: 32, rounds: 1, budget_tokens: 16 },
    temperature: 0,
  });
  settings.mode = 'thinking';
  expect(requestFields()).toEqual({
    mode: { name: 'thinking' },
    reasoning_effort: 'high',
    temperature: 0,
  });
  settings.mode = 'instant';
  expect(requestFields()).toEqual({ temperature: 0 });
});

it('keeps a refusal beside the setting that it is about', () => {
  const message = 'mode.agents: must be between 2 and 4, not 8';
  noteRefusal({ kind: 'refused', message, param: 'mode.agents' });
  noteRefusal({ kind: 'refused', message: 'model: no such', param: 'model' });
  noteRefusal({ kind: 'refused', message: 'no' });
  expect(refused).toEqual({ agents: 'The server refused this: must be between 2 and 4, not 8' });
});

// What the person has chosen, kept in this browser.
import type { ChatRequest } from '../api/client';
import type { Failure } from '../api/failure';

export type Theme = 'auto' | 'light' | 'dark';

export const modes = ['instant', 'thinking', 'contemplating'] as const;
export type Mode = (typeof modes)[number];

// How much Thinking may reason; the server has a default of its own.
export const efforts = ['default', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;
export type Effort = (typeof efforts)[number];

export interface Settings {
  theme: Theme;
  system: string; // the system prompt; empty: none
  temperature: number | null; // null: the server's default
  maxTokens: number | null; // null: as long as the context allows
  model: string | null; // the last one chosen
  mode: Mode;
  effort: Effort; // of Thinking
  agents: number | null; // of Contemplating, as the next two; null: the server's default
  rounds: number | null;
  budget: number | null; // tokens that each agent may write
  sidebar: boolean; // on wide screens
}

const key = 'helicon.settings'; // public/theme.js reads it too

export const defaults: Settings = {
  theme: 'auto',
  system: '',
  temperature: null,
  maxTokens: null,
  model: null,
  mode: 'instant',
  effort: 'default',
  agents: null,
  rounds: null,
  budget: null,
  sidebar: true,
};

// What the server takes (docs/api.md).
export const ranges = {
  temperature: { least: 0, most: 2, whole: false },
  maxTokens: { least: 1, most: 1_000_000, whole: true },
  agents: { least: 2, most: 32, whole: true },
  rounds: { least: 1, most: 8, whole: true },
  budget: { least: 16, most: 1 << 20, whole: true },
} as const;
export type NumberSetting = keyof typeof ranges;

function within(value: unknown, name: NumberSetting): number | null {
  const { least, most, whole } = ranges[name];
  if (typeof value !== 'number' || !(value >= least && value <= most)) return null;
  return whole && !Number.isInteger(value) ? null : value;
}

// Takes from stored text what is valid, and the default for the rest.
export function parseSettings(text: string | null): Settings {
  let stored: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (parsed && typeof parsed === 'object') stored = parsed;
  } catch {
    // Damaged settings are no reason not to start.
  }
  const { theme, system, model, mode, effort, sidebar } = stored;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    system: typeof system === 'string' ? system : '',
    temperature: within(stored.temperature, 'temperature'),
    maxTokens: within(stored.maxTokens, 'maxTokens'),
    model: typeof model === 'string' ? model : null,
    mode: modes.find((one) => one === mode) ?? defaults.mode,
    effort: efforts.find((one) => one === effort) ?? defaults.effort,
    agents: within(stored.agents, 'agents'),
    rounds: within(stored.rounds, 'rounds'),
    budget: within(stored.budget, 'budget'),
    sidebar: sidebar !== false,
  };
}

function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is blocked
  }
}

export const settings = $state(parseSettings(stored()));

// What goes to the server with a question: only what was chosen.
export function requestFields(): Partial<ChatRequest> {
  const { mode, effort, agents, rounds, budget, temperature, maxTokens } = settings;
  const given = (fields: Record<string, number | null>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const fields: Partial<ChatRequest> = given({ temperature, max_tokens: maxTokens });
  if (mode === 'instant') return fields; // is what every server does
  fields.mode = { name: mode };
  if (mode === 'contemplating')
    Object.assign(fields.mode, given({ agents, rounds, budget_tokens: budget }));
  else if (effort !== 'default') fields.reasoning_effort = effort;
  return fields;
}

export type ServerSetting = NumberSetting | 'effort';

// Which setting the server means by the field that it refuses.
export function settingOf(parameter: string | undefined): ServerSetting | null {
  const settingsOfFields: Record<string, ServerSetting> = {
    temperature: 'temperature',
    max_tokens: 'maxTokens',
    reasoning_effort: 'effort',
    'mode.agents': 'agents',
    'mode.rounds': 'rounds',
    'mode.budget_tokens': 'budget',
  };
  return (parameter !== undefined && settingsOfFields[parameter]) || null;
}

// What the server has said against settings, in its words, until they are changed.
export const refused: Partial<Record<ServerSetting, string>> = $state({});

export function noteRefusal({ param, message }: Failure): void {
  const setting = settingOf(param);
  if (!setting) return;
  const own = message.startsWith(`${param}: `) ? message.slice(param!.length + 2) : message;
  refused[setting] = `The server refused this: ${own}`;
}

// Call once, where effects may run.
export function keepSettings(): void {
  $effect(() => {
    const text = JSON.stringify(settings);
    try {
      localStorage.setItem(key, text);
    } catch {
      // Storage is blocked: the choice holds until the page is closed.
    }
  });
  $effect(() => {
    if (settings.theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = settings.theme;
  });
  $effect(() => {
    const adopt = (event: StorageEvent) => {
      if (event.key === key) Object.assign(settings, parseSettings(event.newValue));
    };
    window.addEventListener('storage', adopt);
    return () => window.removeEventListener('storage', adopt);
  });
}

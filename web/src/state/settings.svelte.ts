// What the person has chosen, kept in this browser.

export type Theme = 'auto' | 'light' | 'dark';

export interface Settings {
  theme: Theme;
  system: string; // the system prompt; empty: none
  temperature: number | null; // null: the server's default
  maxTokens: number | null; // null: as long as the context allows
  model: string | null; // the last one chosen
  sidebar: boolean; // on wide screens
}

const key = 'helicon.settings'; // public/theme.js reads it too

export const defaults: Settings = {
  theme: 'auto',
  system: '',
  temperature: null,
  maxTokens: null,
  model: null,
  sidebar: true,
};

const numberWithin = (value: unknown, low: number, high: number): number | null =>
  typeof value === 'number' && value >= low && value <= high ? value : null;

// Takes from stored text what is valid, and the default for the rest.
export function parseSettings(text: string | null): Settings {
  let stored: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (parsed && typeof parsed === 'object') stored = parsed;
  } catch {
    // Damaged settings are no reason not to start.
  }
  const { theme, system, model, sidebar } = stored;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    system: typeof system === 'string' ? system : '',
    temperature: numberWithin(stored.temperature, 0, 2),
    maxTokens: numberWithin(stored.maxTokens, 1, 1e7),
    model: typeof model === 'string' ? model : null,
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

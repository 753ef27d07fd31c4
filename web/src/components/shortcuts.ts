// The keys of the page: what the dialog lists and what App.svelte obeys.

export type Command = 'new' | 'search' | 'sidebar' | 'message' | 'settings' | 'help' | 'copy';

interface Shortcut {
  keys: string[];
  does: string;
  command?: Command;
  matches?: (event: KeyboardEvent) => boolean;
}

const apple = /Mac|iPhone|iPad/.test(navigator.platform);
const control = apple ? '⌘' : 'Ctrl';

const withControl =
  (key: string, shift = false) =>
  (event: KeyboardEvent) =>
    (apple ? event.metaKey : event.ctrlKey) &&
    !event.altKey &&
    event.shiftKey === shift &&
    event.key.toLowerCase() === key;
const alone = (key: string) => (event: KeyboardEvent) =>
  event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey;

export const shortcuts: Shortcut[] = [
  { keys: ['Enter'], does: 'Send' },
  { keys: ['Shift', 'Enter'], does: 'New line' },
  { keys: ['Esc'], does: 'Cancel the recording, or stop the answer' },
  { keys: ['↑'], does: 'Edit the last message (in an empty field)' },
  {
    keys: [control, 'Shift', 'O'],
    does: 'New chat',
    command: 'new',
    matches: withControl('o', true),
  },
  {
    keys: [control, 'K'],
    does: 'Search conversations',
    command: 'search',
    matches: withControl('k'),
  },
  {
    keys: [control, 'B'],
    does: 'Show or hide conversations',
    command: 'sidebar',
    matches: withControl('b'),
  },
  {
    keys: [control, 'Shift', 'Y'],
    does: 'Copy the last answer',
    command: 'copy',
    matches: withControl('y', true),
  },
  { keys: [control, ','], does: 'Settings', command: 'settings', matches: withControl(',') },
  { keys: ['/'], does: 'Go to the message field', command: 'message', matches: alone('/') },
  { keys: ['?'], does: 'This list', command: 'help', matches: alone('?') },
  { keys: ['↑', '↓'], does: 'Move through the conversations' },
  { keys: ['F2'], does: 'Rename the conversation' },
  { keys: ['Del'], does: 'Delete the conversation' },
];

// Keys without a modifier are letters where one writes.
export function commandOf(event: KeyboardEvent): Command | undefined {
  const modified = event.ctrlKey || event.metaKey;
  const target = event.target as Element | null;
  const writing = target?.matches('input:not([type="radio"]), textarea, select') ?? false;
  if (event.isComposing || (writing && !modified)) return undefined;
  return shortcuts.find(({ matches }) => matches?.(event))?.command;
}

// A conversation is a tree: editing a question or asking again grows a second branch, and nothing
// that was said is lost. What is shown is the path from the root to the chosen leaf.
import type { Failure } from '../api/failure';
import type { AgentsView } from '../api/progress';
import type { Attachment } from './attachment';

export interface Message {
  id: string;
  conversation: string;
  parent: string | null;
  role: 'user' | 'assistant';
  content: string;
  created: number; // milliseconds since 1970
  attachments?: Attachment[]; // of a question
  // Of an assistant: streaming now; complete; cut at the token limit; stopped by the person;
  // broken off by a reload; failed.
  state: 'streaming' | 'complete' | 'length' | 'stopped' | 'interrupted' | 'failed';
  model?: string;
  reasoning?: string;
  reasoningLeftOut?: number; // letters before it that are not kept
  reasoningSeconds?: number; // until the answer's first word, whoever reasoned
  agents?: AgentsView;
  failure?: Failure;
  figures?: Figures;
}

export interface Figures {
  tokens: number;
  tokensPerSecond: number | null; // null: too few to tell
}

export interface Conversation {
  id: string;
  title: string;
  created: number;
  updated: number;
  leaf: string | null;
  model: string | null; // the last one used
}

export function newId(): string {
  // crypto.randomUUID exists only in secure contexts; the page may be served to a local network.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// From the first message to the leaf.
export function pathTo(messages: readonly Message[], leaf: string | null): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: Message[] = [];
  let next = leaf === null ? undefined : byId.get(leaf);
  while (next) {
    path.push(next);
    byId.delete(next.id); // a cycle in damaged storage ends here
    next = next.parent === null ? undefined : byId.get(next.parent);
  }
  return path.reverse();
}

// The alternatives to a message, itself among them, oldest first.
export function siblingsOf(messages: readonly Message[], message: Message): Message[] {
  return messages
    .filter((other) => other.parent === message.parent)
    .sort((a, b) => a.created - b.created);
}

// Where to go on when `id` is chosen: its newest descendant.
export function newestLeafUnder(messages: readonly Message[], id: string): string {
  const seen = new Set([id]);
  let leaf = id;
  for (;;) {
    const children = messages.filter(
      ({ parent, id: child }) => parent === leaf && !seen.has(child),
    );
    if (children.length === 0) return leaf;
    leaf = children.reduce((a, b) => (b.created >= a.created ? b : a)).id;
    seen.add(leaf);
  }
}

const titleLength = 60;

export function titleFrom(text: string): string {
  const line = text
    .replace(/[`*_#>~]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  if (characters.length <= titleLength) return line || 'New conversation';
  const cut = characters.slice(0, titleLength).join('');
  const space = cut.lastIndexOf(' ');
  return (space > titleLength / 2 ? cut.slice(0, space) : cut) + '…';
}

export interface Group {
  label: string;
  conversations: Conversation[];
}

// Newest first, under the headings people know: Today, Yesterday, Previous 7 days, ...
export function groupByAge(conversations: readonly Conversation[], now: Date): Group[] {
  const day = (back: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).getTime();
  const bounds: [number, string][] = [
    [day(0), 'Today'],
    [day(1), 'Yesterday'],
    [day(7), 'Previous 7 days'],
    [day(30), 'Previous 30 days'],
    [-Infinity, 'Older'],
  ];
  const groups: Group[] = [];
  for (const conversation of conversations) {
    const label = bounds.find(([from]) => conversation.updated >= from)?.[1] ?? 'Older';
    const last = groups.at(-1);
    if (last?.label === label) last.conversations.push(conversation);
    else groups.push({ label, conversations: [conversation] });
  }
  return groups;
}

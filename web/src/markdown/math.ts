// Formulas in Markdown: $..$ and \(..\) within a line, $$..$$ and \[..\] set apart.
import type MarkdownIt from 'markdown-it';
import type { StateBlock, StateInline } from 'markdown-it';

export interface MathToken {
  tex: string;
  display: boolean;
}

interface Delimiter {
  open: string;
  close: string;
  display: boolean;
}

// Longer ones first: $$ must not be read as an empty $..$.
export const delimiters: readonly Delimiter[] = [
  { open: '$$', close: '$$', display: true },
  { open: '$', close: '$', display: false },
  { open: '\\(', close: '\\)', display: false },
  { open: '\\[', close: '\\]', display: true },
];

function isEscaped(text: string, position: number): boolean {
  let backslashes = 0;
  while (text[position - 1 - backslashes] === '\\') ++backslashes;
  return backslashes % 2 === 1;
}

// Where the formula that opens at `start` closes, or -1. For a single dollar Pandoc's rule holds,
// so that prices stay prices: no space inside the dollars, no digit after the second.
function closingOf(text: string, start: number, delimiter: Delimiter): number {
  const from = start + delimiter.open.length;
  const single = delimiter.open === '$';
  const ink = from + text.slice(from).search(/\S/);
  for (let at = text.indexOf(delimiter.close, from); at >= 0;) {
    const closes = !single || (/\S/.test(text[at - 1] ?? ' ') && !/\d/.test(text[at + 1] ?? ''));
    if (at > ink && closes && !(delimiter.close[0] === '$' && isEscaped(text, at))) return at;
    at = text.indexOf(delimiter.close, at + 1);
  }
  return -1;
}

export interface Found {
  delimiter: Delimiter;
  end: number; // of the formula's text; -1: nothing closes it
}

// Finds the formulas of one text from left to right. A delimiter that nothing closes is searched
// for once and not from every place it occurs: a model may write ten thousand dollars.
export class FormulaFinder {
  #unclosed = new Set<Delimiter>();

  constructor(readonly text: string) {}

  // What opens at `at`, closed if there is something that closes it, or null.
  at(at: number): Found | null {
    let open: Found | null = null;
    for (const delimiter of delimiters) {
      if (!this.text.startsWith(delimiter.open, at)) continue;
      const inner = this.text[at + delimiter.open.length] ?? '';
      if (delimiter.open === '$' && !/[^\s$]/.test(inner)) continue;
      const end = this.#unclosed.has(delimiter) ? -1 : closingOf(this.text, at, delimiter);
      if (end >= 0) return { delimiter, end };
      this.#unclosed.add(delimiter);
      open ??= { delimiter, end };
    }
    return open;
  }
}

const finders = new WeakMap<StateInline, FormulaFinder>();

function inlineRule(state: StateInline, silent: boolean): boolean {
  const code = state.src.charCodeAt(state.pos);
  if (code !== 0x24 /* $ */ && code !== 0x5c /* \ */) return false;
  let finder = finders.get(state);
  if (!finder) finders.set(state, (finder = new FormulaFinder(state.src)));
  const found = finder.at(state.pos);
  if (!found || found.end < 0 || found.end >= state.posMax) return false;
  const { delimiter, end } = found;
  if (!silent) {
    const token = state.push('math', '', 0);
    const tex = state.src.slice(state.pos + delimiter.open.length, end);
    token.meta = { tex, display: delimiter.display } satisfies MathToken;
  }
  state.pos = end + delimiter.close.length;
  return true;
}

// A formula on lines of its own. It may hold empty lines; one that never closes is plain text.
function blockRule(
  state: StateBlock,
  startLine: number,
  endLine: number,
  silent: boolean,
): boolean {
  const lineText = (line: number) =>
    state.src.slice(state.bMarks[line]! + state.tShift[line]!, state.eMarks[line]!);
  if (state.sCount[startLine]! - state.blkIndent >= 4) return false;
  const first = lineText(startLine);
  const delimiter = delimiters.find((one) => one.display && first.startsWith(one.open));
  if (!delimiter) return false;
  const lines: string[] = [];
  for (let line = startLine; line < endLine; ++line) {
    if (line > startLine && state.sCount[line]! < state.blkIndent && !state.isEmpty(line)) break;
    const text = line === startLine ? first.slice(delimiter.open.length) : lineText(line);
    const end = text.indexOf(delimiter.close);
    if (end < 0) {
      lines.push(text);
      continue;
    }
    // Text after the formula makes it part of a paragraph.
    if (text.slice(end + delimiter.close.length).trim() !== '') return false;
    lines.push(text.slice(0, end));
    const tex = lines.join('\n').trim();
    if (tex === '') return false;
    if (silent) return true;
    const token = state.push('math', '', 0);
    token.block = true;
    token.map = [startLine, line + 1];
    token.meta = { tex, display: true } satisfies MathToken;
    state.line = line + 1;
    return true;
  }
  return false;
}

export function mathPlugin(markdown: MarkdownIt): void {
  // Before "escape", which would take \( for an escaped parenthesis.
  markdown.inline.ruler.before('escape', 'math', inlineRule);
  markdown.block.ruler.before('fence', 'math', blockRule, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
}

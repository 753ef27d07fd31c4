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
export function closingOf(text: string, start: number, delimiter: Delimiter): number {
  const from = start + delimiter.open.length;
  const single = delimiter.open === '$';
  if (single && !/\S/.test(text[from] ?? ' ')) return -1;
  for (let at = text.indexOf(delimiter.close, from); at >= 0;) {
    const empty = text.slice(from, at).trim() === '';
    const closes = !single || (/\S/.test(text[at - 1] ?? ' ') && !/\d/.test(text[at + 1] ?? ''));
    if (!empty && closes && !(delimiter.close[0] === '$' && isEscaped(text, at))) return at;
    at = text.indexOf(delimiter.close, at + 1);
  }
  return -1;
}

function inlineRule(state: StateInline, silent: boolean): boolean {
  for (const delimiter of delimiters) {
    if (!state.src.startsWith(delimiter.open, state.pos)) continue;
    const end = closingOf(state.src, state.pos, delimiter);
    if (end < 0 || end >= state.posMax) continue;
    if (!silent) {
      const token = state.push('math', '', 0);
      const tex = state.src.slice(state.pos + delimiter.open.length, end);
      token.meta = { tex, display: delimiter.display } satisfies MathToken;
    }
    state.pos = end + delimiter.close.length;
    return true;
  }
  return false;
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

// While an answer streams, its end is half-written Markdown. settle() gives the source to show
// meanwhile: what cannot be told yet is held back, what is open is closed, so that nothing on the
// page jumps or shows bare marks. A finished answer is shown as it is.
import { delimiters, FormulaFinder } from './math';

type Open =
  | { kind: 'text'; start: number } // of the paragraph that is being written
  | { kind: 'fence'; start: number; mark: string } // of the fence's opening line
  | { kind: 'formula'; start: number }; // of the line that opens it

// Walks the lines and says in which kind of block the text ends.
function openBlock(source: string): Open {
  let open: Open = { kind: 'text', start: 0 };
  let offset = 0;
  let close = '';
  for (const line of source.split('\n')) {
    const text = line.trim().replace(/^(?:[-*+>]\s+|\d{1,9}[.)]\s+)+/, '');
    const end = offset + line.length + 1;
    if (open.kind === 'fence') {
      const mark = /^(`{3,}|~{3,})$/.exec(line.trim())?.[1];
      if (mark && mark[0] === open.mark[0] && mark.length >= open.mark.length) {
        open = { kind: 'text', start: end };
      }
    } else if (open.kind === 'formula') {
      if (text.includes(close)) open = { kind: 'text', start: end };
    } else {
      const mark = /^(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(text);
      const display = delimiters.find((one) => one.display && text.startsWith(one.open));
      if (mark) {
        open = { kind: 'fence', start: offset, mark: (mark[1] ?? mark[2])! };
      } else if (display && !text.slice(display.open.length).includes(display.close)) {
        close = display.close;
        open = { kind: 'formula', start: offset };
      } else if (text === '') {
        open = { kind: 'text', start: end };
      }
    }
    offset = end;
  }
  return open;
}

function withoutLastLine(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

function settleFence(source: string, start: number): string {
  const lastLine = source.slice(source.lastIndexOf('\n') + 1);
  const openingUnfinished = source.indexOf('\n', start) < 0;
  const maybeClosing = /^\s*(?:`+|~+)$/.test(lastLine);
  return openingUnfinished || maybeClosing ? withoutLastLine(source) : source;
}

// A line that could still become a heading's underline, a list item, a rule, a fence ...
const undecidedLine = /^\s*(?:[-=*+#>`~|_:\s]+|(?:[-*+>]\s+)*\d{1,9}[.)]?\s*)$/;

// A table is one only from its second line on.
function withoutHalfTable(text: string): string {
  const ended = text.endsWith('\n');
  const lines = (ended ? text.slice(0, -1) : text).split('\n');
  let first = lines.length;
  while (first > 0 && lines[first - 1]!.trimStart().startsWith('|')) --first;
  const rows = lines.length - first;
  return rows > 0 && rows - (ended ? 0 : 1) < 2 ? lines.slice(0, first).join('\n') : text;
}

// What to do at a position of a paragraph: go on behind a closed construct, or end the text here.
type Step = { next: number } | { end: string };

function codeSpan(text: string, at: number): Step {
  const run = /^`+/.exec(text.slice(at))![0];
  const body = text.slice(at + run.length);
  const close = new RegExp(`(?<!\`)${run}(?!\`)`).exec(body);
  if (close) return { next: at + run.length + close.index + run.length };
  const content = body.replace(/[`\s]+$/, '');
  return { end: text.slice(0, at) + (content ? run + content + run : '') };
}

// A single dollar may be a price: a formula is waited for only this long, and within a line.
const formulaPatience = 100;

function formula(finder: FormulaFinder, at: number): Step | null {
  const { text } = finder;
  const found = finder.at(at);
  if (!found) return text[at] === '$' && at + 1 === text.length ? { end: text.slice(0, at) } : null;
  const { delimiter, end } = found;
  if (end >= 0) return { next: end + delimiter.close.length };
  const tail = text.slice(at + delimiter.open.length);
  const noFormula = /^\d/.test(tail) || tail.includes('\n') || tail.length > formulaPatience;
  if (delimiter.open === '$' && noFormula) return { next: at + 1 };
  return { end: text.slice(0, at) };
}

interface Mark {
  mark: string; // "**"
  at: number;
}

// Takes a run of *, _ or ~ at `at` as the end of open marks, or as the beginning of one.
function emphasis(text: string, at: number, run: string, open: Mark[]): void {
  const before = text[at - 1] ?? ' ';
  const after = text[at + run.length] ?? ' ';
  let left = run.length;
  if (/\S/.test(before)) {
    for (let last = open.at(-1); last?.mark[0] === run[0]; last = open.at(-1)) {
      if (last!.mark.length > left) break;
      left -= last!.mark.length;
      open.pop();
    }
  }
  if (left === run.length && !/[\p{L}\p{N}]/u.test(before) && /\S/.test(after)) {
    open.push({ mark: run, at });
  }
}

function closeMarks(text: string, open: readonly Mark[]): string {
  let result = text;
  for (const { mark, at } of [...open].reverse()) {
    const content = result.slice(at + mark.length);
    result = content.trim() ? result.trimEnd() + mark : result.slice(0, at);
  }
  return result;
}

// [text](addr: a link once it is complete, and mere brackets if it never is.
const halfLink = /(?:(?<![\p{L}\p{N}\\])!?\[[^\]\n]{0,80}(?:\](?:\([^)\s]{0,2000})?)?|(?<=\s)!)$/u;

// Ends what is still open within a paragraph.
function closeInline(paragraph: string): string {
  const text = paragraph.replace(halfLink, '').replace(/[*_~`\\]+$/, '');
  const finder = new FormulaFinder(text);
  const open: Mark[] = [];
  for (let at = 0; at < text.length;) {
    const run = /^(?:\*+|_+|~~)/.exec(text.slice(at, at + 8))?.[0];
    const step = text[at] === '`' ? codeSpan(text, at) : formula(finder, at);
    if (step && 'end' in step) return closeMarks(step.end, open);
    if (run) emphasis(text, at, run, open);
    // Emphasis does not reach from one list item into the next.
    if (/^\n\s*(?:[-*+]|\d{1,9}[.)])\s/.test(text.slice(at, at + 24))) open.length = 0;
    at = step?.next ?? at + (run?.length ?? (text[at] === '\\' ? 2 : 1));
  }
  return closeMarks(text, open);
}

export function settle(source: string): string {
  const open = openBlock(source);
  if (open.kind === 'fence') return settleFence(source, open.start);
  if (open.kind === 'formula') return source.slice(0, open.start);
  const lastLine = source.slice(source.lastIndexOf('\n') + 1);
  const decided = undecidedLine.test(lastLine) ? withoutLastLine(source) : source;
  const shown = withoutHalfTable(decided);
  if (shown.length <= open.start) return shown;
  return shown.slice(0, open.start) + closeInline(shown.slice(open.start));
}

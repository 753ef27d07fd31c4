// Markdown to HTML, block by block. The HTML is safe by construction (no raw HTML, checked links),
// and still passes the sanitizer of dom.ts before it reaches the page.
import MarkdownIt from 'markdown-it';
import type { RenderRule } from 'markdown-it/lib/renderer.mjs';
import type { Engines } from './engines';
import { languageName } from './languages';
import { mathPlugin, type MathToken } from './math';

interface Environment {
  engines: Engines;
  references?: Record<string, { href: string; title?: string }>;
}

export function isSafeLink(url: string): boolean {
  return /^(?:https?:\/\/|mailto:)/i.test(url.trim());
}

const escape = (text: string) => markdown.utils.escapeHtml(text);

const icon = (paths: string) =>
  `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${paths}</svg>`;
const copyIcon = icon(
  '<path d="M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1z"></path>' +
    '<path d="M16 9V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h3"></path>',
);

function codeBlock(code: string, info: string, engines: Engines): string {
  const language = info.trim().split(/[\s,{:]/)[0] ?? '';
  const name = languageName(language);
  const html = engines.highlight?.(code, language) ?? escape(code);
  return (
    `<figure class="code" aria-label="${escape(name)}">` +
    `<figcaption><span>${escape(name)}</span>` +
    `<button type="button" class="quiet copy-code">${copyIcon}<span>Copy</span></button></figcaption>` +
    `<pre class="scrolls"><code>${html}</code></pre></figure>`
  );
}

const renderFence: RenderRule = (tokens, index, _options, env: Environment) => {
  const token = tokens[index]!;
  return codeBlock(token.content.replace(/\n$/, ''), token.info, env.engines);
};

const renderMath: RenderRule = (tokens, index, _options, env: Environment) => {
  const formula = tokens[index]!.meta as MathToken;
  const html = env.engines.math?.(formula) ?? `<code>${escape(formula.tex)}</code>`;
  return formula.display ? `<span class="formula scrolls">${html}</span>` : html;
};

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false });
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
markdown.validateLink = isSafeLink;
markdown.use(mathPlugin);

const rules = markdown.renderer.rules;
rules.fence = renderFence;
rules.code_block = renderFence;
rules.math = renderMath;
rules.table_open = () => '<div class="table scrolls"><table>';
rules.table_close = () => '</table></div>';
// A picture from elsewhere would tell its server who reads what, and when: it is a link instead.
rules.image = (tokens, index) => {
  const token = tokens[index]!;
  const url = String(token.attrGet('src') ?? '');
  return `<a class="picture" href="${escape(url)}">${escape(token.content || url)}</a>`;
};

function task(text: string): string {
  return text.replace(/^\[ \] /, '☐ ').replace(/^\[[xX]\] /, '☑ ');
}

markdown.core.ruler.push('page', (state) => {
  for (let i = 0; i < state.tokens.length; ++i) {
    const token = state.tokens[i]!;
    // The page has headings of its own; those of an answer stand below them.
    if (token.type === 'heading_open' || token.type === 'heading_close') {
      token.tag = `h${Math.min(6, Number(token.tag[1]) + 2)}`;
    }
    const first = token.type === 'inline' ? token.children?.[0] : undefined;
    if (first?.type === 'text' && state.tokens[i - 2]?.type === 'list_item_open') {
      first.content = task(first.content);
    }
  }
});

// The source of each block that stands at the top level, and the link definitions they share.
function split(source: string): { blocks: string[]; env: Environment } {
  const env: Environment = { engines: {} };
  const state = new markdown.block.State(source, markdown, env, []);
  markdown.block.tokenize(state, state.line, state.lineMax);
  const lines = source.split('\n');
  const blocks: string[] = [];
  for (const token of state.tokens) {
    if (token.level === 0 && token.nesting >= 0 && token.map) {
      blocks.push(lines.slice(token.map[0], token.map[1]).join('\n'));
    }
  }
  return { blocks, env };
}

// Renders one message again and again as it grows; a block whose source stays is rendered once.
export class MessageRenderer {
  #blocks: { source: string; html: string }[] = [];
  #shared = '';
  #engines: Engines = {};

  render(text: string, engines: Engines = {}): string[] {
    const source = text.replace(/\r\n?/g, '\n').replaceAll('\0', '\uFFFD');
    const { blocks, env } = split(source);
    const shared = JSON.stringify(env.references ?? {});
    if (shared !== this.#shared || engines !== this.#engines) this.#blocks = [];
    this.#shared = shared;
    this.#engines = engines;
    env.engines = engines;
    this.#blocks = blocks.map((block, index) => {
      const known = this.#blocks[index];
      if (known?.source === block) return known;
      return { source: block, html: markdown.render(block, { ...env }) };
    });
    return this.#blocks.map((block) => block.html);
  }
}

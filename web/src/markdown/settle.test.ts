import { describe, expect, it } from 'vitest';
import { sanitize } from './dom';
import { highlight } from './highlight';
import { renderMath } from './katex';
import { processorTime } from './processor_time';
import { MessageRenderer } from './render';
import { settle } from './settle';

const engines = { highlight, math: renderMath };

const renderer = new MessageRenderer();
const texts = new Map<string, string>();

function textOf(html: string): string {
  let text = texts.get(html);
  if (text === undefined) {
    text = sanitize(html).textContent!.replace(/\s+/g, '');
    texts.set(html, text);
  }
  return text;
}

function shown(source: string): string {
  return renderer.render(source, engines).map(textOf).join('');
}

const answers: Record<string, string> = {
  emphasis:
    'Some **bold words**, *slanted ones*, ***both***, __also bold__, _so_ and ~~gone~~.\n\nA **bold *and slanted* end**. Snake_case_names, 2 * 3 * 4, 5*6 and a\\*b stay.',
  code: 'Use `a` or ``b ` c`` here:\n\n```python\ndef f(x):\n    return {"a": x}  # `not` a fence\n```\n\nThen:\n\n~~~\nplain ``` text\n~~~\n\nDone.',
  lists:
    'First:\n\n- one **bold**\n- two `code`\n  - nested *it*\n\n1. first\n2. second\n   ```sh\n   ls -la\n   ```\n3. third\n\n***\n\nEnd.',
  headings:
    '# Title\n\nText\n\n## Sub `code`\n\n- item\n\n> quoted **text**\n> more\n\nUnder\n---\n\nText - with dashes\n\n---\n\nEnd',
  table:
    'A table:\n\n| Name | Value |\n|------|------:|\n| a | `1` |\n| b | **2** |\n\nAfter. Now directly\n| x | y |\n| --- | --- |\n| 1 | 2 |\n',
  formulas:
    'Let $x^2 + y_1$ be, and \\(a \\cdot b\\). Then\n\n$$\n\\frac{a}{b}\n= c\n$$\n\nand\n\\[\n  \\sqrt{2}\n\\]\nso \\[ z \\] and $$w$$ hold. It costs $5, or $10 later.\n\n1. Step $n$:\n   $$ q $$\n2. Done',
  links:
    'See [the docs](https://example.org/a_b) and https://example.org/x_y_z, or ![a picture](https://example.org/p.png). Array[0] and [1, 2] stay.',
};

describe('settle', () => {
  // What was shown never changes while more arrives: no marks that vanish, no text that jumps.
  it.each(Object.entries(answers))(
    'shows a growing prefix of the finished answer: %s',
    (_, answer) => {
      const finished = shown(answer);
      for (let length = 1; length <= answer.length; ++length) {
        const now = shown(settle(answer.slice(0, length)));
        expect(
          finished.startsWith(now),
          `after ${JSON.stringify(answer.slice(0, length))}: ${now}`,
        ).toBe(true);
      }
    },
  );

  it.each(Object.entries(answers))('holds back little, and not for long: %s', (_, answer) => {
    let held = 0;
    let before = '';
    for (let length = 1; length <= answer.length; ++length) {
      const prefix = answer.slice(0, length);
      const now = shown(settle(prefix));
      held = now === before ? held + 1 : 0;
      before = now;
      expect(held, `after ${JSON.stringify(prefix)}`).toBeLessThan(45);
    }
  });

  it('closes a code span and bold words as they are written', () => {
    expect(settle('a **b')).toBe('a **b**');
    expect(settle('a **b *c')).toBe('a **b *c***');
    expect(settle('a `b')).toBe('a `b`');
    expect(settle('a **')).toBe('a ');
    expect(settle('- **')).toBe('');
  });

  it('shows an open code fence from its first complete line on', () => {
    expect(settle('Text\n\n```pyth')).toBe('Text\n\n');
    expect(settle('Text\n\n```python\nx = 1')).toBe('Text\n\n```python\nx = 1');
    expect(settle('```\nx\n``')).toBe('```\nx\n');
  });

  it('waits for a formula to be complete, but not for a dollar that is a price', () => {
    expect(settle('so $x^2 +')).toBe('so ');
    expect(settle('so \\(x')).toBe('so ');
    expect(settle('so\n\n$$\nx\n\ny')).toBe('so\n\n');
    expect(settle('it costs $5 and')).toBe('it costs $5 and');
    expect(settle('set $HOME to ' + 'x'.repeat(100))).toContain('$HOME to');
  });

  it('takes time in proportion to the text', () => {
    const long = 'A word, *some emphasis*, `code` and $x$. '.repeat(2500);
    const pieces = [
      '`',
      '$',
      '$5 ',
      '$a ',
      '$$a ',
      '\\(a ',
      '[',
      '[a](',
      '](b ',
      '**',
      '*a ',
      '| ',
      '\n',
    ];
    const time = processorTime(() => {
      settle(long);
      for (const piece of [...pieces, '- ', '```\n']) settle(piece.repeat(20_000));
    });
    expect(time).toBeLessThan(5000);
  });
});

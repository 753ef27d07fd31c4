import { describe, expect, it } from 'vitest';
import { sanitize } from './dom';
import { highlight } from './highlight';
import { renderMath } from './katex';
import { processorTime } from './processor_time';
import { MessageRenderer } from './render';

const engines = { highlight, math: renderMath };

function page(source: string): HTMLElement {
  const element = document.createElement('div');
  for (const html of new MessageRenderer().render(source, engines)) element.append(sanitize(html));
  return element;
}

describe('Markdown', () => {
  it('renders tables, lists, quotes and emphasis', () => {
    const element = page(
      '| a | b |\n|---|--:|\n| 1 | **2** |\n\n- one\n  1. two\n\n> quoted ~~not~~ *so*\n\n- [x] done\n- [ ] open',
    );
    expect(element.querySelector('.table table td strong')?.textContent).toBe('2');
    expect(element.querySelectorAll('th')[1]?.getAttribute('style')).toContain('right');
    expect(element.querySelector('ul ol li')?.textContent).toBe('two');
    expect(element.querySelector('blockquote s')?.textContent).toBe('not');
    expect([...element.querySelectorAll('li')].slice(-2).map((li) => li.textContent)).toEqual([
      '☑ done',
      '☐ open',
    ]);
  });

  it('puts headings below those of the page', () => {
    expect(page('# a\n\n##### b').innerHTML).toContain('<h3>a</h3>');
    expect(page('##### b').querySelector('h6')).not.toBeNull();
  });

  it('shows code as it is, with its language and highlighting', () => {
    const element = page('```python title="x"\ndef f():\n    return "<b>"\n```');
    expect(element.querySelector('figcaption span')?.textContent).toBe('Python');
    expect(element.querySelector('code')?.textContent).toBe('def f():\n    return "<b>"');
    expect(element.querySelector('.hljs-keyword')?.textContent).toBe('def');
    expect(element.querySelector('button.copy-code')).not.toBeNull();
    expect(page('```no-such-language\n<i>&amp;\n```').querySelector('code')?.textContent).toBe(
      '<i>&amp;',
    );
  });

  it('renders a link defined elsewhere in the message', () => {
    const link = page('See [docs].\n\ntext\n\n[docs]: https://example.org/a').querySelector('a');
    expect(link?.getAttribute('href')).toBe('https://example.org/a');
  });

  it('renders a block again only when its source changes', () => {
    let calls = 0;
    const counting = { highlight: () => (++calls, null) };
    const renderer = new MessageRenderer();
    for (const tail of ['', 'a', 'a b', 'a b c'])
      renderer.render('```c\nint x;\n```\n\n' + tail, counting);
    expect(calls).toBe(1);
  });
});

describe('formulas', () => {
  const tex = (source: string) =>
    [...page(source).querySelectorAll('annotation')].map((element) => element.textContent);

  it('knows the four ways to write them', () => {
    expect(tex('$a^2$ and \\(b\\) and $$c$$ and \\[d\\]')).toEqual(['a^2', 'b', 'c', 'd']);
    expect(tex('$$\na\n\n+ b\n$$\n\n\\[\n  c\n\\]\n')).toEqual(['a\n\n+ b', 'c']);
    expect(tex('1. Step\n   \\[\n   x_1\n   \\]\n2. $y$')).toEqual(['x_1', 'y']);
    expect(page('$$c$$').querySelectorAll('.formula .katex-display')).toHaveLength(1);
  });

  it('leaves prices, shell variables and escaped dollars alone', () => {
    for (const source of ['It costs $5 and $10.', 'from $ 5 to $ 6', '\\$x\\$', '`$a$`', '$5$0']) {
      expect(tex(source)).toEqual([]);
    }
  });

  it('takes no Markdown inside a formula', () => {
    expect(tex('$a_1 * b_2 * c_3$')).toEqual(['a_1 * b_2 * c_3']);
  });

  it('shows the source of what is no TeX', () => {
    expect(page('$\\frac{$ x').textContent).toContain('\\frac{');
    expect(page('\\(\\undefined\\)').querySelector('code')?.textContent).toBe('\\undefined');
  });

  it('neither follows links nor loads pictures out of TeX', () => {
    for (const source of [
      '$\\href{javascript:alert(1)}{x}$',
      '$\\includegraphics{https://example.org/x.png}$',
      '$\\htmlStyle{position:fixed}{x}$',
      '$\\url{javascript:alert(1)}$',
    ]) {
      const element = page(source);
      expect(element.querySelector('a, img, [style*="position:fixed"]')).toBeNull();
    }
  });

  it('ends in time on a formula that expands without end', () => {
    expect(processorTime(() => page('$\\def\\a{\\a\\a}\\a$'))).toBeLessThan(5_000);
  });
});

describe('hostile answers', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](vbscript:x)',
    '[x](file:///etc/passwd)',
    '[x](//example.org)',
    '<javascript:alert(1)>',
    '![x](https://example.org/track.png)',
    '![x](javascript:alert(1))',
    '[x](https://example.org "\\" onmouseover=alert(1) x=\\"")',
    '![" onerror="alert(1)](https://example.org/x)',
    '```"><img src=x onerror=alert(1)>\ncode\n```',
    '```<script>\n</code></pre><script>alert(1)</script>\n```',
    '`<img src=x onerror=alert(1)>`',
    '<style>body{display:none}</style>',
    '<form action="https://example.org"><input name=q></form>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '| <img src=x onerror=alert(1)> |\n|---|\n| <b onclick=alert(1)>x</b> |',
    '<meta http-equiv=refresh content="0;url=https://example.org">',
    '<base href="https://example.org/">',
    '$\\text{<img src=x onerror=alert(1)>}$',
  ];

  it.each(hostile)('%s is inert', (source) => {
    const element = page(source);
    expect(
      element.querySelector('script, img, iframe, style, form, input, meta, base, object, embed'),
    ).toBeNull();
    for (const node of element.querySelectorAll('*')) {
      for (const { name } of Array.from(node.attributes))
        expect(name).not.toMatch(/^on|^src|^action/);
    }
    for (const link of element.querySelectorAll('a[href]')) {
      expect(link.getAttribute('href')).toMatch(/^(https?:\/\/|mailto:)/);
      expect(link.getAttribute('rel')).toContain('noopener');
      expect(link.getAttribute('target')).toBe('_blank');
    }
  });

  it('does not depend on the renderer: the sanitizer alone makes HTML inert', () => {
    for (const html of [
      '<img src=x onerror=alert(1)>',
      '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
      '<svg><script>alert(1)</script><use href="#x"/></svg>',
      '<button onclick=alert(1) formaction=x>x</button>',
      '<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>',
      '<div id=app name=x data-x=1>x</div>',
    ]) {
      const element = document.createElement('div');
      element.append(sanitize(html));
      expect(element.innerHTML).not.toMatch(
        /onerror|onclick|javascript|<img|<script|formaction|id=/,
      );
    }
  });

  it('survives nesting without end', () => {
    const time = processorTime(() => {
      page('>'.repeat(5000) + 'x');
      page('['.repeat(5000));
      page('*a '.repeat(5000));
      for (const piece of [
        '`',
        '$',
        '$a ',
        '$$a ',
        '\\(a ',
        '[a](',
        '![',
        '<a ',
        '| ',
        '\n',
        '- ',
        '~',
      ]) {
        page(piece.repeat(10_000));
      }
    });
    expect(time).toBeLessThan(20_000);
  });
});

import { describe, expect, it } from 'vitest';
import { merge, sanitize } from './dom';

function element(html: string): HTMLElement {
  const made = document.createElement('div');
  made.innerHTML = html;
  return made;
}

describe('merge', () => {
  it.each([
    ['<p>a</p>', '<p>a b</p>'],
    ['<p>a</p>', '<p>a <strong>b</strong> c</p><ul><li>d</li></ul>'],
    ['<p>a <strong>b</strong> c</p><p>d</p>', '<p>a</p>'],
    ['<p class="x" align="left">a</p>', '<p class="y">a</p>'],
    ['text', '<p>a</p>'],
    ['<p>a</p>', 'text'],
    ['', '<p>a</p>'],
    ['<p>a</p>', ''],
    ['<svg><path d="M0 0"/></svg>', '<svg><path d="M1 1"/></svg>'],
  ])('makes %s equal to %s', (before, after) => {
    const target = element(before);
    merge(target, element(after));
    expect(target.innerHTML).toBe(element(after).innerHTML);
  });

  it('leaves alone what does not change, text under a selection too', () => {
    const target = element('<p>first</p><figure><button>Copy</button><pre>x</pre></figure>');
    const [paragraph, figure] = Array.from(target.children);
    const text = paragraph!.firstChild;
    const button = figure!.firstChild;
    merge(target, element('<p>first</p><figure><button>Copy</button><pre>x = 1</pre></figure>'));
    expect(target.children[0]).toBe(paragraph);
    expect(paragraph!.firstChild).toBe(text);
    expect(figure!.firstChild).toBe(button);
    expect(figure!.textContent).toBe('Copyx = 1');
  });
});

describe('sanitize', () => {
  it('keeps what answers are made of', () => {
    const html =
      '<figure class="code" aria-label="C"><figcaption><span>C</span></figcaption>' +
      '<pre class="scrolls"><code>int <span class="hljs-title">x</span>;</code></pre></figure>' +
      '<table><tbody><tr><td style="text-align:right">1</td></tr></tbody></table>' +
      '<ol start="3"><li>x</li></ol>';
    const made = document.createElement('div');
    made.append(sanitize(html));
    expect(made.innerHTML).toBe(html);
  });
});

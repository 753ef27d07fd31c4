// What the mock server answers with.

export const markdownAnswer = `A **binary search** halves what is left with every look. It needs *sorted* data, and about $\\log_2 n$ looks for $n$ items.

\`\`\`python
def binary_search(items: list[int], wanted: int) -> int | None:
    """The index of \`wanted\` in sorted \`items\`, or None."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle  # found
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return None
\`\`\`

| Items | Looks, linear | Looks, binary |
| ----: | ------------: | ------------: |
| 10 | 10 | 4 |
| 1,000 | 1,000 | 10 |
| 1,000,000 | 1,000,000 | 20 |

Things to keep in mind:

1. The data must stay sorted.
2. For small lists, a plain loop is as quick.
3. See [the standard library](https://docs.python.org/3/library/bisect.html) first.

> Premature optimisation is the root of all evil.
`;

export const mathAnswer = `Suppose $\\sqrt{2} = \\frac{p}{q}$ with $p, q$ coprime. Then

$$
2 = \\frac{p^2}{q^2} \\quad\\Longrightarrow\\quad p^2 = 2q^2,
$$

so $p$ is even, say \\(p = 2k\\). Substituting,

\\[
4k^2 = 2q^2 \\quad\\Longrightarrow\\quad q^2 = 2k^2,
\\]

and $q$ is even too: a contradiction. ∎

The Gaussian integral, for comparison, is

$$\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}.$$

It costs $5, or $10 with cream.
`;

export const hostileAnswer = `<script>window.pwned = 'script'</script>

<img src=x onerror="window.pwned = 'img'">

<svg onload="window.pwned = 'svg'"></svg>

[a link](javascript:window.pwned='link') and [another](data:text/html,<script>window.pwned='data'</script>)

<a href="javascript:window.pwned='a'">raw</a> <iframe srcdoc="<script>parent.pwned='frame'</script>"></iframe>

![tracker](https://tracker.example/pixel.png)

\`\`\`"><img src=x onerror="window.pwned='fence'">
<img src=x onerror="window.pwned='code'">
\`\`\`

$\\href{javascript:window.pwned='tex'}{x}$ $\\includegraphics{https://tracker.example/tex.png}$

[a good one](https://example.org/)

<form action="https://tracker.example/"><input name=q autofocus onfocus="window.pwned='focus'"></form>

<style>body { display: none }</style>
`;

export const wideAnswer = `A word without end: ${'Donaudampfschifffahrtsgesellschaft'.repeat(6)}

https://example.org/${'path/'.repeat(40)}

\`${'inline_code_'.repeat(20)}\`

| ${Array.from({ length: 14 }, (_, i) => `Column ${i}`).join(' | ')} |
| ${Array.from({ length: 14 }, () => '---').join(' | ')} |
| ${Array.from({ length: 14 }, (_, i) => `value ${i}`).join(' | ')} |

\`\`\`js
const line = ${JSON.stringify('x'.repeat(300))};
\`\`\`

$$a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + a_{10} + a_{11} + a_{12} + a_{13} + a_{14} + a_{15} + a_{16} + a_{17}$$

- one
  - two
    - three
      - four ${'deep '.repeat(30)}
`;

export const longAnswer = Array.from(
  { length: 120 },
  (_, i) => `Paragraph ${i + 1}: the quick brown fox jumps over the lazy dog, again and again.`,
).join('\n\n');

export const contextMessage =
  'messages: the prompt has 9000 tokens, and the context of this model holds 8192';

// What a screen reader is told: beginnings and ends, never every token.

class Announcer {
  message = $state('');

  say(text: string): void {
    // The same text twice is announced twice only if it differs.
    this.message = text === this.message ? text + '\u00a0' : text;
  }
}

export const announcer = new Announcer();

const longest = 800; // characters; who wants more can read the answer itself

export function speakable(markdown: string): string {
  const text = markdown
    .replace(/^\s*(```|~~~).*$/gm, '')
    .replace(/[*_`#>|]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > longest ? text.slice(0, longest) + '… The answer goes on.' : text;
}

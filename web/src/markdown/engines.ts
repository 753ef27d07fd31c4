// Highlighting and formulas: each is fetched when the first answer needs it.
import type { MathToken } from './math';

export interface Engines {
  // Both give HTML, or null for what they do not know.
  highlight?: (code: string, language: string) => string | null;
  math?: (formula: MathToken) => string | null;
}

type Loader = () => Promise<Engines>;

const loaders: { needed: RegExp; load: Loader }[] = [
  {
    needed: /```|~~~|^(?: {4}|\t)/m,
    load: async () => ({ highlight: (await import('./highlight')).highlight }),
  },
  { needed: /\$|\\\(|\\\[/, load: async () => ({ math: (await import('./katex')).renderMath }) },
];

const started = new Map<Loader, Promise<Engines>>();

// Calls `loaded` with each engine that the text needs, at once or once fetched.
export function enginesFor(text: string, loaded: (engines: Engines) => void): void {
  for (const { needed, load } of loaders) {
    if (!needed.test(text)) continue;
    let engine = started.get(load);
    if (!engine) {
      engine = load();
      started.set(load, engine);
      // Plain text is readable too; the next answer tries again.
      engine.catch(() => started.delete(load));
    }
    engine.then(loaded, () => {});
  }
}

// Formulas by KaTeX; fetched when first needed.
import katex from 'katex';
import 'katex/dist/katex.min.css';
import type { MathToken } from './math';

export function renderMath({ tex, display }: MathToken): string | null {
  try {
    return katex.renderToString(tex, {
      displayMode: display,
      output: 'htmlAndMathml',
      trust: false,
      strict: false,
      maxSize: 20, // em: a formula may not cover the page
      maxExpand: 200,
    });
  } catch {
    return null;
  }
}

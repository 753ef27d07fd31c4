// What the text fields of the page have in common.
import type { Action } from 'svelte/action';

// Enter sends; Shift+Enter breaks the line; and Enter that ends the composition of a character
// (Japanese, Chinese, ...) does neither. On a touch keyboard Enter breaks the line.
export function isSend(event: KeyboardEvent): boolean {
  const composing = event.isComposing || event.keyCode === 229; // Safari ends it before keydown
  const touch = matchMedia('(pointer: coarse)').matches && !event.ctrlKey && !event.metaKey;
  return event.key === 'Enter' && !event.shiftKey && !event.altKey && !composing && !touch;
}

// Keeps a field as high as its text. The parameter is the text: it says when to measure.
export const grow: Action<HTMLTextAreaElement, string> = (field) => {
  const fit = () => {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
    field.style.overflowY = field.scrollHeight > field.clientHeight + 1 ? 'auto' : 'hidden';
  };
  // The value is bound after the action runs.
  queueMicrotask(fit);
  const observer = new ResizeObserver(([entry]) => {
    const width = entry!.contentRect.width;
    if (width !== lastWidth) fit();
    lastWidth = width;
  });
  let lastWidth = -1;
  observer.observe(field);
  return { update: () => queueMicrotask(fit), destroy: () => observer.disconnect() };
};

// To the clipboard, also where the page is not in a secure context (a plain address in the local network).
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    field.style.opacity = '0';
    document.body.append(field);
    const focused = document.activeElement as HTMLElement | null;
    field.select();
    // Deprecated, and the only way there is.
    const copied = document.execCommand('copy');
    field.remove();
    focused?.focus();
    return copied;
  }
}

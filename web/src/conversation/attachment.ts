// Pictures, films and sounds that go with a question.
export type AttachmentKind = 'image' | 'video' | 'audio';

export interface Attachment {
  kind: AttachmentKind;
  name: string;
  file: Blob; // its type says what it is
}

// A part of a message, as the protocol has them.
export type Part =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } }
  | { type: 'video_url'; video_url: { url: string } }
  | { type: 'audio_url'; audio_url: { url: string } };

// What the server takes in one request is 32 MiB, in which base64 has four letters for three bytes.
export const mostBytes = 22 << 20;
export const accepted = 'image/*,video/*,audio/*';

export function kindOf(type: string): AttachmentKind | null {
  const kind = type.split('/')[0];
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : null;
}

export interface Chosen {
  taken: Attachment[];
  refused: string | null; // why others are not, for the person
}

// How many bytes can still go with `already`.
export function roomBeside(already: readonly Attachment[]): number {
  return mostBytes - already.reduce((sum, { file }) => sum + file.size, 0);
}

// Of the files that someone chose, dropped or pasted, those that can go with `already`.
export function choose(files: readonly File[], already: readonly Attachment[]): Chosen {
  const taken: Attachment[] = [];
  let refused: string | null = null;
  let room = roomBeside(already);
  for (const file of files) {
    const kind = kindOf(file.type);
    const name = file.name || 'Pasted';
    if (!kind) refused = `${name} is no picture, film or sound.`;
    else if (file.size === 0) refused = `${name} is empty.`;
    else if (file.size > room)
      refused = `${name} is too large: ${mostBytes >> 20} MB go with one message.`;
    else {
      room -= file.size;
      taken.push({ kind, name, file });
    }
  }
  return { taken, refused };
}

const endings: Record<string, string> = {
  'audio/webm': 'webm',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'image/jpeg': 'jpg',
};

// "Recording 1.webm": a file named after what it is, with the first number that none of `others` has.
export function numbered(what: string, blob: Blob, others: readonly Attachment[]): File {
  const type = blob.type.split(';')[0]!; // without the codecs
  let number = 1;
  while (others.some(({ name }) => name.startsWith(`${what} ${number}.`))) ++number;
  return new File([blob], `${what} ${number}.${endings[type] ?? 'bin'}`, { type });
}

function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('The file cannot be read.'));
    reader.readAsDataURL(file);
  });
}

// The attachments before the text, each as the server takes it.
export async function partsOf(attachments: readonly Attachment[], text: string): Promise<Part[]> {
  const parts: Part[] = await Promise.all(
    attachments.map(async ({ kind, file }) => {
      const url = await dataUrl(file);
      if (kind === 'image') return { type: 'image_url', image_url: { url } } as const;
      if (kind === 'video') return { type: 'video_url', video_url: { url } } as const;
      return { type: 'audio_url', audio_url: { url } } as const;
    }),
  );
  if (text !== '') parts.push({ type: 'text', text });
  return parts;
}

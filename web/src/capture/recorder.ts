// One sound from the microphone, from the question for it to its end.
import { release, soundType, watch } from './devices';

export const longest = 10 * 60; // seconds
// What comes between two looks at the size, the end included; far more than a second of sound.
export const spareBytes = 256 << 10;
const pieceMs = 1000;

export type End =
  | 'asked'
  | 'time' // it was as long as it may be
  | 'size' // it was as large as it may be
  | 'lost'; // the microphone went away

export interface Recording {
  sound: Blob;
  end: End;
}

export class Recorder {
  // Null: nothing is to be kept. Fails if there is no microphone to be had.
  readonly done: Promise<Recording | null>;
  #settle!: (recording: Recording | null) => void;
  #settled = false;
  #stream: MediaStream | null = null;
  #media: MediaRecorder | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: End = 'lost'; // unless it is told why

  // `room` gives how many bytes there may be; `begun` is called when the microphone is heard.
  constructor(room: () => number, begun: () => void) {
    this.done = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#begin(room, begun).catch((error: unknown) => {
        this.#release();
        reject(error);
      });
    });
  }

  // Keeps what there is. Before the beginning that is nothing.
  end(why: End = 'asked'): void {
    if (!this.#media) return this.cancel();
    if (this.#media.state === 'inactive') return;
    this.#end = why;
    this.#media.stop(); // hands over the rest
    this.#release();
  }

  cancel(): void {
    this.#settled = true;
    this.#settle(null);
    if (this.#media && this.#media.state !== 'inactive') this.#media.stop();
    this.#release();
  }

  async #begin(room: () => number, begun: () => void): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    // People may have thought better of it before they said yes.
    if (this.#settled) return release(stream);
    this.#stream = stream;
    const media = new MediaRecorder(stream, { mimeType: soundType()! });
    const pieces: Blob[] = [];
    let bytes = 0;
    media.ondataavailable = ({ data }) => {
      pieces.push(data);
      bytes += data.size;
      if (bytes + spareBytes > room()) this.end('size');
    };
    media.onstop = () => {
      this.#release();
      this.#settled = true;
      this.#settle({ sound: new Blob(pieces, { type: media.mimeType }), end: this.#end });
    };
    watch(stream, () => this.end('lost'));
    media.start(pieceMs);
    this.#media = media;
    this.#timer = setTimeout(() => this.end('time'), longest * 1000);
    begun();
  }

  #release(): void {
    clearTimeout(this.#timer);
    release(this.#stream);
  }
}

// The camera while a picture is taken with it.
import { release, watch } from './devices';

const quality = 0.92;

export class Camera {
  #stream: MediaStream | null = null;
  #ids: string[] = []; // of all cameras
  #closed = false;
  #lost: () => void;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  get several(): boolean {
    return this.#ids.length > 1;
  }

  // What the camera sees; null if it was closed meanwhile. On a phone the one at the back.
  async open(): Promise<MediaStream | null> {
    const stream = await this.#open({ facingMode: { ideal: 'environment' } });
    if (!stream) return null;
    // Their names are known only once one of them may be used.
    const devices = await navigator.mediaDevices.enumerateDevices();
    this.#ids = devices.filter(({ kind }) => kind === 'videoinput').map(({ deviceId }) => deviceId);
    return this.#closed ? null : stream;
  }

  // What the next camera sees.
  async next(): Promise<MediaStream | null> {
    const now = this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? '';
    const id = this.#ids[(this.#ids.indexOf(now) + 1) % this.#ids.length]!;
    release(this.#stream); // phones open one at a time
    return this.#open({ deviceId: { exact: id } });
  }

  close(): void {
    this.#closed = true;
    release(this.#stream);
  }

  async #open(which: MediaTrackConstraints): Promise<MediaStream | null> {
    const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size } });
    } catch (error) {
      if (this.#closed) return null; // nobody waits for it any more
      throw error;
    }
    if (this.#closed) {
      release(stream);
      return null;
    }
    this.#stream = stream;
    watch(stream, this.#lost);
    return stream;
  }
}

// What a film shows now, as a JPEG file.
export function still(video: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('There is no picture.'))),
      'image/jpeg',
      quality,
    ),
  );
}

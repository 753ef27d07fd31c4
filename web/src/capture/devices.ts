// The microphone and the camera: whether they can be asked for, and why they cannot be had.
export type Device = 'microphone' | 'camera';

// Browsers give them to secure contexts only: https, or an address of this machine.
const canAsk = () => typeof navigator.mediaDevices?.getUserMedia === 'function';

const soundTypes = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg'];

// The first that this browser writes.
export function soundType(): string | undefined {
  if (typeof MediaRecorder !== 'function') return undefined;
  return soundTypes.find((type) => MediaRecorder.isTypeSupported(type));
}

export const canRecord = () => canAsk() && soundType() !== undefined;
export const canPhotograph = canAsk;

export function release(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
}

// Calls `lost` when the device goes away by itself; a track that is stopped here says nothing.
export function watch(stream: MediaStream, lost: () => void): void {
  stream.getTracks().forEach((track) => track.addEventListener('ended', lost));
}

// Why a device cannot be had, for the person.
export function problemOf(error: unknown, device: Device): string {
  const { name, message } = error as Error;
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return `This page may not use the ${device}. The browser’s settings for it can allow that.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `There is no ${device}.`;
    case 'NotReadableError':
    case 'AbortError':
      return `The ${device} cannot be used now; another program may be using it.`;
    default:
      return `The ${device} cannot be used: ${message}`;
  }
}

// A microphone and cameras for tests.
import { vi } from 'vitest';

export class FakeTrack extends EventTarget {
  readyState = 'live';
  deviceId: string;

  constructor(deviceId: string) {
    super();
    this.deviceId = deviceId;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  // The device is pulled out.
  lose(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }

  getSettings() {
    return { deviceId: this.deviceId };
  }
}

export class FakeStream {
  tracks: FakeTrack[];

  constructor(deviceId = 'one') {
    this.tracks = [new FakeTrack(deviceId)];
  }

  getTracks = () => this.tracks;
  getVideoTracks = () => this.tracks;

  get live(): boolean {
    return this.tracks.some(({ readyState }) => readyState === 'live');
  }
}

export class FakeRecorder {
  static types = ['audio/webm;codecs=opus'];
  static last: FakeRecorder;
  static isTypeSupported = (type: string) => FakeRecorder.types.includes(type);

  state = 'inactive';
  mimeType: string;
  stream: FakeStream;
  ondataavailable: (event: { data: Blob }) => void = () => {};
  onstop: () => void = () => {};

  constructor(stream: FakeStream, { mimeType }: { mimeType: string }) {
    this.stream = stream;
    this.mimeType = mimeType;
    FakeRecorder.last = this;
  }

  start(): void {
    this.state = 'recording';
  }

  hear(bytes: number): void {
    this.ondataavailable({ data: new Blob(['x'.repeat(bytes)]) });
  }

  // What is left comes later, as in browsers.
  stop(): void {
    this.state = 'inactive';
    queueMicrotask(() => {
      this.hear(1);
      this.onstop();
    });
  }
}

export const getUserMedia = vi.fn<(wish: MediaStreamConstraints) => Promise<FakeStream>>();
export const devices: { kind: string; deviceId: string }[] = [];

export function plugIn(): void {
  getUserMedia.mockReset().mockImplementation(async () => new FakeStream());
  devices.length = 0;
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('navigator', {
    mediaDevices: { getUserMedia, enumerateDevices: async () => devices },
  });
}

export const denied = () => new DOMException('Permission denied', 'NotAllowedError');

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Message } from '../conversation/model';
import { mostReasoning, Writer } from './writer';

let message: Message;
let writer: Writer;

beforeEach(() => {
  vi.useFakeTimers();
  message = {
    id: '1',
    conversation: 'c',
    parent: null,
    role: 'assistant',
    content: '',
    created: 1,
    state: 'streaming',
  };
  writer = new Writer(message, async () => {});
});
afterEach(() => vi.useRealTimers());

it('shows what agents write a frame at a time', () => {
  writer.addProgress({ type: 'agent_started', round: 1, agent: 0, angle: 'x' });
  for (const text of ['a', 'b', 'c'])
    writer.addProgress({ type: 'agent_wrote', round: 1, agent: 0, text });
  expect(message.agents).toBeUndefined();
  vi.advanceTimersByTime(50);
  expect(message.agents!.agents[0]).toMatchObject({ text: 'abc', tokens: 3 });
});

it('tells the time in silence, up to the first word of the answer', () => {
  writer.addProgress({ type: 'round', round: 1, agents: 8 });
  vi.advanceTimersByTime(7100);
  expect(message.reasoningSeconds).toBe(7);
  writer.add('Answer');
  vi.advanceTimersByTime(5000);
  expect(message.reasoningSeconds).toBe(7);
  writer.finish();
  expect(vi.getTimerCount()).toBe(0);
});

it('stops its clock where nothing was answered', () => {
  writer.addReasoning('hm');
  vi.advanceTimersByTime(1100);
  message.state = 'stopped';
  writer.finish();
  expect(message).toMatchObject({ content: '', reasoning: 'hm', reasoningSeconds: 1 });
  expect(vi.getTimerCount()).toBe(0);
});

it('keeps the end of reasoning without end, and how much came before', () => {
  const thought = 'so it goes on and on\n'.repeat(100);
  const times = Math.ceil((3 * mostReasoning) / thought.length);
  for (let i = 0; i < times; ++i) writer.addReasoning(thought);
  writer.finish();
  const { reasoning, reasoningLeftOut } = message;
  expect(reasoning!.length).toBeLessThanOrEqual(mostReasoning + 4096);
  expect(reasoning!.length + reasoningLeftOut!).toBe(times * thought.length);
});

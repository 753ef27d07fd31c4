// What a server streams while several agents work on a question: two rounds, and an answer.
import { setTimeout as sleep } from 'node:timers/promises';

const angles = ['program', 'step by step', 'equations', 'step by step, another draw'];

interface Stream {
  chunk: (delta: object, finish?: string | null, helicon?: object) => void;
  gone: () => boolean;
  wait: number; // milliseconds between tokens
}

const plainWord = (word: number, agent: number) => `word ${word} of agent ${agent + 1}\n`;

// A draft with headings, lists and code, without end: what is hard to draw.
function draftWord(word: number, agent: number): string {
  const line = word % 10;
  if (line === 0) return `\n## Part ${word / 10} of agent ${agent + 1}\n\n\`\`\`python\n`;
  if (line === 6) return '```\n\n';
  if (line < 6) return `def step_${word}(items: list[int]) -> int:  # **${line}**\n`;
  return `- it is *so* that $x_${line} = ${word}$, and \`step_${word}\` shows it\n`;
}

// Each agent writes so many words, all a word at a time; then it is done.
async function round(
  stream: Stream,
  number: number,
  results: string[],
  words = 30,
  text = plainWord,
): Promise<void> {
  const say = (helicon: object) => stream.chunk({}, null, { round: number, ...helicon });
  say({ type: 'round', agents: results.length });
  results.forEach((_, agent) => say({ type: 'agent_started', agent, angle: angles[agent % 4] }));
  for (let word = 0; word < words; ++word)
    for (let agent = 0; agent < results.length; ++agent) {
      if (stream.gone()) return;
      say({ type: 'agent_wrote', agent, text: text(word, agent) });
      await sleep(stream.wait / results.length);
    }
  const votes = new Map<string, number>();
  for (const [agent, result] of results.entries()) {
    const check = agent === 0 ? 'passed' : agent === 1 ? 'failed' : 'none';
    const outcome = result === '' ? 'stopped' : 'answered';
    say({
      type: 'agent_finished',
      agent,
      outcome,
      check,
      result,
      tokens: 30 + agent,
    });
    if (result === '') continue;
    votes.set(result, (votes.get(result) ?? 0) + 1);
    const [leader, agreed] = [...votes].reduce((a, b) => (b[1] > a[1] ? b : a));
    const answered = [...votes.values()].reduce((sum, count) => sum + count, 0);
    say({
      type: 'agreement',
      agreed,
      answered,
      agents: results.length,
      result: leader,
    });
  }
  // Of a later version of the server.
  say({ type: 'agents_had_lunch', menu: 7 });
}

// All but the answer. The question says what kind of work it is.
export async function streamContemplating(stream: Stream, question: string): Promise<void> {
  if (/drafts/.test(question)) {
    await round(stream, 1, Array<string>(8).fill(''), 400, draftWord);
  } else if (/crowd/.test(question)) {
    await round(stream, 1, Array<string>(40).fill('42'));
  } else {
    await round(stream, 1, ['42', '41', '', '40']);
    if (!stream.gone()) await round(stream, 2, ['42', '42']);
  }
  stream.chunk({}, null, { type: 'aggregating', round: 2 });
  await sleep(stream.wait);
  stream.chunk({ reasoning_content: '2 of 2 solutions agree on 42, after 2 rounds.' });
}

export async function streamReasoning(stream: Stream): Promise<void> {
  for (let word = 0; word < 60 && !stream.gone(); ++word) {
    stream.chunk({ reasoning_content: `thought ${word} ` });
    await sleep(stream.wait);
  }
}

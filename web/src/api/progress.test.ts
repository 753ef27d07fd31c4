import { describe, expect, it } from 'vitest';
import {
  advance,
  emptyView,
  keepEnd,
  mostAgents,
  mostOfAll,
  mostOfOne,
  mostRounds,
  parseProgress,
  stateOf,
  type Progress,
} from './progress';

const all: Progress[] = [
  { type: 'round', round: 1, agents: 2 },
  { type: 'agent_started', round: 1, agent: 0, angle: 'program' },
  { type: 'agent_started', round: 1, agent: 1, angle: 'step by step' },
  { type: 'agent_wrote', round: 1, agent: 0, text: 'print(' },
  { type: 'agent_wrote', round: 1, agent: 0, text: '42)' },
  { type: 'agent_checked', round: 1, agent: 0, check: 'passed', result: '42' },
  {
    type: 'agent_finished',
    round: 1,
    agent: 0,
    outcome: 'answered',
    check: 'passed',
    result: '42',
    tokens: 9,
  },
  { type: 'agreement', round: 1, agreed: 1, answered: 1, result: '42' },
  { type: 'aggregating', round: 1 },
];

describe('parseProgress', () => {
  it('takes every event of the protocol as it is', () => {
    for (const event of all) expect(parseProgress({ ...event, later: 'addition' })).toEqual(event);
  });

  it('passes over whatever else comes', () => {
    for (const value of [null, 1, 'round', [], {}, { type: 'round' }, { type: 'dream', round: 1 }])
      expect(parseProgress(value)).toBeNull();
    // Any field left out or of another kind, of any event.
    for (const event of all)
      for (const field of Object.keys(event))
        for (const wrong of [undefined, null, {}, [], field === 'type' ? 'x' : -1, 1.5]) {
          const broken: Record<string, unknown> = { ...event, [field]: wrong };
          if (wrong === undefined) delete broken[field];
          expect(parseProgress(broken), JSON.stringify(broken)).toBeNull();
        }
  });
});

describe('advance', () => {
  const start = (agent: number, round = 1): Progress => {
    return { type: 'agent_started', round, agent, angle: '' };
  };
  const write = (agent: number, text: string, round = 1): Progress => {
    return { type: 'agent_wrote', round, agent, text };
  };

  it('keeps the end of an endless agent, and says how much came before', () => {
    const view = emptyView();
    advance(view, start(0));
    const text = 'word '.repeat(1000);
    let letters = 0;
    for (let i = 0; i < 100; i++) {
      advance(view, write(0, `${text}${i} `));
      letters += `${text}${i} `.length;
    }
    const { text: kept, leftOut } = view.agents[0]!;
    expect(kept.length).toBeLessThanOrEqual(mostOfOne + 2 * 8192);
    expect(kept.endsWith('99 ')).toBe(true);
    expect(kept.length + leftOut!).toBe(letters);
  });

  it('keeps so much of all agents together, and none of them empty', () => {
    const view = emptyView();
    for (let round = 1; round <= mostRounds; round++)
      for (let agent = 0; agent < mostAgents; agent++) {
        advance(view, start(agent, round));
        for (let i = 0; i < 16; i++) advance(view, write(agent, 'x'.repeat(4096), round));
        const letters = view.agents.reduce((sum, one) => sum + one.text.length, 0);
        expect(letters).toBeLessThanOrEqual(mostOfAll);
      }
    expect(view.agents).toHaveLength(mostRounds * mostAgents);
    for (const { text, leftOut } of view.agents) {
      expect(text.length).toBeGreaterThan(1000);
      expect(text.length + (leftOut ?? 0)).toBe(16 * 4096);
    }
  });

  it('counts the agents that are too many, and passes over what they write', () => {
    const view = emptyView();
    for (const [agent, round] of [
      [0, 1],
      [mostAgents, 1],
      [0, mostRounds + 1],
      [0, 1], // twice
    ] as const)
      advance(view, start(agent, round));
    advance(view, write(mostAgents, 'unheard'));
    expect(view.agents).toHaveLength(1);
    expect(view.agents[0]!.text).toBe('');
    expect(view.leftOut).toBe(3);
  });

  it('does not let an angle or a result fill the page', () => {
    const view = emptyView();
    advance(view, { type: 'agent_started', round: 1, agent: 0, angle: 'a'.repeat(1e6) });
    advance(view, {
      type: 'agreement',
      round: 1,
      agreed: 1,
      answered: 1,
      result: 'r'.repeat(1e6),
    });
    expect(JSON.stringify(view).length).toBeLessThan(1000);
  });

  it('gathers what each agent has written and found', () => {
    const view = emptyView();
    for (const event of all) advance(view, event);
    expect(view.agents).toHaveLength(2);
    expect(view.agents[0]).toMatchObject({
      angle: 'program',
      text: 'print(42)',
      outcome: 'answered',
      check: 'passed',
      result: '42',
      tokens: 9,
    });
    expect(view.agents[1]?.outcome).toBeNull();
    expect(view.agreement).toEqual({ agreed: 1, answered: 1, result: '42' });
    expect(view.aggregating).toBe(true);
  });

  it('keeps the rounds of one agent apart', () => {
    const view = emptyView();
    for (const round of [1, 2]) {
      advance(view, { type: 'agent_started', round, agent: 0, angle: `angle ${round}` });
      advance(view, { type: 'agent_wrote', round, agent: 0, text: `text ${round}` });
    }
    expect(view.agents.map(({ text }) => text)).toEqual(['text 1', 'text 2']);
  });

  it('survives any order', () => {
    let state = 7;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    for (let run = 0; run < 200; ++run) {
      const view = emptyView();
      for (let i = 0; i < 30; ++i) advance(view, all[Math.floor(random() * all.length)]!);
      const states = view.agents.map((agent) => stateOf(agent, view, false));
      for (const busy of ['waiting', 'writing', 'checked']) expect(states).not.toContain(busy);
    }
  });
});

describe('stateOf', () => {
  it('tells every state by what was heard', () => {
    const view = emptyView();
    const [started0, started1] = [all[1]!, all[2]!];
    advance(view, started0);
    advance(view, started1);
    const states = (running = true) => view.agents.map((agent) => stateOf(agent, view, running));
    expect(states()).toEqual(['waiting', 'waiting']);
    advance(view, all[3]!);
    expect(states()).toEqual(['writing', 'waiting']);
    advance(view, all[5]!);
    expect(states()).toEqual(['checked', 'waiting']);
    advance(view, all[6]!);
    expect(states()).toEqual(['answered', 'waiting']);
    advance(view, all[7]!);
    expect(states()).toEqual(['agreed', 'waiting']);
    // Told to stop, or the page was closed.
    expect(states(false)).toEqual(['agreed', 'stopped']);
    for (const [outcome, state] of [
      ['no_result', 'no result'],
      ['stopped', 'not waited for'],
      ['failed', 'failed'],
      ['answered', 'answered'],
    ] as const) {
      const end = { type: 'agent_finished', round: 1, agent: 1, outcome } as const;
      advance(view, { ...end, check: 'none', result: '', tokens: 1 });
      expect(states()).toEqual(['agreed', state]);
    }
  });
});

describe('keepEnd', () => {
  it('begins with a whole line where it can, and never within a letter', () => {
    expect(keepEnd('abc', 3)).toEqual({ text: 'abc', leftOut: 0 });
    expect(keepEnd('first line\nsecond', 9)).toEqual({ text: 'second', leftOut: 11 });
    expect(keepEnd('a😀b', 2)).toEqual({ text: 'b', leftOut: 3 });
  });
});

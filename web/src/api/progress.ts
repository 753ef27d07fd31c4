// How far several agents are: the `helicon` field of a stream's chunks (docs/api.md), and what the
// page makes of it.

export type Outcome = 'answered' | 'no_result' | 'stopped' | 'failed';
export type Check = 'none' | 'passed' | 'failed';

export type Progress =
  | { type: 'round'; round: number; agents: number }
  | { type: 'agent_started'; round: number; agent: number; angle: string }
  | { type: 'agent_wrote'; round: number; agent: number; text: string }
  | { type: 'agent_checked'; round: number; agent: number; check: Check; result: string }
  | {
      type: 'agent_finished';
      round: number;
      agent: number;
      outcome: Outcome;
      check: Check;
      result: string;
      tokens: number;
    }
  | { type: 'agreement'; round: number; agreed: number; answered: number; result: string }
  | { type: 'aggregating'; round: number };

const outcomes: readonly string[] = ['answered', 'no_result', 'stopped', 'failed'];
const checks: readonly string[] = ['none', 'passed', 'failed'];

// Null for what this page does not know, or what is not as it should be: a later server may say
// more, and an answer must not break over it.
export function parseProgress(value: unknown): Progress | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, round, agent, ...rest } = value as Record<string, unknown>;
  const count = (one: unknown): one is number => Number.isInteger(one) && (one as number) >= 0;
  const text = (one: unknown): one is string => typeof one === 'string';
  if (!count(round)) return null;
  const { agents, angle, outcome, check, result, tokens, agreed, answered } = rest;
  switch (type) {
    case 'round':
      return count(agents) ? { type, round, agents } : null;
    case 'aggregating':
      return { type, round };
    case 'agreement':
      return count(agreed) && count(answered) && text(result)
        ? { type, round, agreed, answered, result }
        : null;
  }
  if (!count(agent) || agent > 1000) return null;
  switch (type) {
    case 'agent_started':
      return text(angle) ? { type, round, agent, angle } : null;
    case 'agent_wrote':
      return text(rest['text']) ? { type, round, agent, text: rest['text'] } : null;
    case 'agent_checked':
      return checks.includes(check as string) && text(result)
        ? { type, round, agent, check: check as Check, result }
        : null;
    case 'agent_finished':
      return outcomes.includes(outcome as string) &&
        checks.includes(check as string) &&
        text(result) &&
        count(tokens)
        ? { type, round, agent, outcome: outcome as Outcome, check: check as Check, result, tokens }
        : null;
  }
  return null;
}

export interface AgentView {
  round: number;
  agent: number; // from 0
  angle: string;
  text: string;
  leftOut?: number; // letters that came before the text and are not kept
  result: string;
  check: Check;
  outcome: Outcome | null; // null: at work, or broken off
  tokens: number;
}

export interface AgentsView {
  round: number;
  agents: AgentView[]; // of all rounds, in the order in which they started
  leftOut?: number; // attempts that are not among them
  agreement: { agreed: number; answered: number; result: string } | null;
  aggregating: boolean;
}

// What our server sends at most; another one's must not fill this page's memory.
export const mostAgents = 32;
export const mostRounds = 8;
export const mostOfOne = 1 << 16; // letters of one agent
export const mostOfAll = 1 << 20; // and of all of them
const mostWords = 200; // letters of an angle or a result

export function emptyView(): AgentsView {
  return { round: 0, agents: [], agreement: null, aggregating: false };
}

// The end of a text that may have so many letters, from the beginning of a line where there is one
// near, and how many were left out.
export function keepEnd(text: string, most: number): { text: string; leftOut: number } {
  if (text.length <= most) return { text, leftOut: 0 };
  let from = text.length - most;
  const line = text.indexOf('\n', from) + 1;
  if (line > 0 && line - from < 1000) from = line;
  else if (/[\uDC00-\uDFFF]/.test(text[from]!)) from += 1; // half of a letter
  return { text: text.slice(from), leftOut: from };
}

function cut(agent: AgentView, most: number): void {
  const { text, leftOut } = keepEnd(agent.text, most);
  agent.text = text;
  agent.leftOut = (agent.leftOut ?? 0) + leftOut;
}

// Whoever has written most loses the first half of it, until all have room.
function makeRoom(view: AgentsView): void {
  let letters = view.agents.reduce((sum, { text }) => sum + text.length, 0);
  while (letters > mostOfAll) {
    const longest = view.agents.reduce((a, b) => (b.text.length > a.text.length ? b : a));
    const before = longest.text.length;
    cut(longest, before >> 1);
    letters -= before - longest.text.length;
  }
}

const brief = (text: string) =>
  text.length > mostWords ? `${text.slice(0, mostWords - 1)}…` : text;

// Takes one event into the view. Events of agents that were never started are passed over.
export function advance(view: AgentsView, progress: Progress): void {
  const { type, round } = progress;
  if (type === 'round') view.round = round;
  else if (type === 'aggregating') view.aggregating = true;
  else if (type === 'agreement') {
    const { agreed, answered, result } = progress;
    view.agreement = { agreed, answered, result: brief(result) };
  } else if (type === 'agent_started') {
    const { agent, angle } = progress;
    const known = view.agents.some((one) => one.agent === agent && one.round === round);
    if (agent >= mostAgents || round > mostRounds || known) {
      view.leftOut = (view.leftOut ?? 0) + 1;
      return;
    }
    const fresh = { text: '', result: '', check: 'none', outcome: null, tokens: 0 } as const;
    view.agents.push({ round, agent, angle: brief(angle), ...fresh });
  } else {
    const found = view.agents.findLast(
      (one) => one.agent === progress.agent && one.round === round,
    );
    if (!found) return;
    if (type === 'agent_wrote') {
      const before = found.text.length;
      found.text += progress.text;
      found.tokens += 1;
      // Now and then, not at each word: counting and cutting take time.
      if (before >> 12 === found.text.length >> 12) return;
      if (found.text.length > mostOfOne + 4096) cut(found, mostOfOne);
      makeRoom(view);
    } else if (type === 'agent_checked') {
      found.check = progress.check;
      found.result = brief(progress.result);
    } else {
      const { outcome, check, result, tokens } = progress;
      Object.assign(found, { outcome, check, result: brief(result), tokens });
    }
  }
}

export type AgentState =
  | 'waiting' // for its first word
  | 'writing'
  | 'checked'
  | 'agreed' // with the result that leads
  | 'answered'
  | 'no result'
  | 'not waited for'
  | 'failed'
  | 'stopped';

// `running`: the answer may still grow. Whoever had not finished when it ended was stopped.
export function stateOf(agent: AgentView, view: AgentsView, running: boolean): AgentState {
  const { outcome, result } = agent;
  if (outcome === null) {
    if (!running) return 'stopped';
    if (agent.check !== 'none') return 'checked';
    return agent.text === '' ? 'waiting' : 'writing';
  }
  if (outcome !== 'answered')
    return ({ no_result: 'no result', stopped: 'not waited for', failed: 'failed' } as const)[
      outcome
    ];
  return result !== '' && result === view.agreement?.result ? 'agreed' : 'answered';
}

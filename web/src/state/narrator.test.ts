import { expect, it } from 'vitest';
import { Narrator } from './narrator';

it('tells rounds and the end at once, agreement now and then, and words never', () => {
  const narrator = new Narrator();
  const agreement = (agreed: number, result = '42') =>
    ({ type: 'agreement', round: 1, agreed, answered: 8, result }) as const;
  const said = [
    narrator.tell({ type: 'round', round: 1, agents: 8 }, 0),
    narrator.tell({ type: 'agent_wrote', round: 1, agent: 0, text: 'word' }, 1),
    narrator.tell(agreement(1), 1000),
    narrator.tell(agreement(2), 1001),
    narrator.tell(agreement(3), 5999),
    narrator.tell(agreement(4), 6001),
    narrator.tell(agreement(5), 6002),
    narrator.tell({ type: 'aggregating', round: 1 }, 6003),
  ];
  expect(said.filter((one) => one !== null)).toEqual([
    'Round 1: 8 agents at work',
    '1 of 8 agree on 42',
    '4 of 8 agree on 42',
    'Putting the answer together. 5 of 8 agree on 42',
  ]);
  expect(narrator.tell(agreement(1, 'x'.repeat(1e6)), 1e6)!.length).toBeLessThan(200);
});

it('needs no agreement to come to an end', () => {
  const end = new Narrator().tell({ type: 'aggregating', round: 1 }, 0);
  expect(end).toBe('Putting the answer together');
});

import { describe, expect, it } from 'vitest';
import {
  groupByAge,
  newestLeafUnder,
  newId,
  pathTo,
  siblingsOf,
  titleFrom,
  type Conversation,
  type Message,
} from './model';

function message(id: string, parent: string | null, created: number): Message {
  const role = id.startsWith('q') ? 'user' : 'assistant';
  return { id, conversation: 'c', parent, role, content: id, created, state: 'complete' };
}

// q1 - a1 - q2 - a2
//    \ a1b - q3
const tree = [
  message('q1', null, 1),
  message('a1', 'q1', 2),
  message('q2', 'a1', 3),
  message('a2', 'q2', 4),
  message('a1b', 'q1', 5),
  message('q3', 'a1b', 6),
];
const ids = (messages: Message[]) => messages.map(({ id }) => id);

describe('the tree of a conversation', () => {
  it('shows the path to the chosen leaf', () => {
    expect(ids(pathTo(tree, 'a2'))).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids(pathTo(tree, 'q3'))).toEqual(['q1', 'a1b', 'q3']);
    expect(pathTo(tree, null)).toEqual([]);
    expect(pathTo(tree, 'gone')).toEqual([]);
  });

  it('ends on a cycle in damaged storage', () => {
    const cycle = [message('a', 'b', 1), message('b', 'a', 2)];
    expect(ids(pathTo(cycle, 'a'))).toEqual(['b', 'a']);
    expect(['a', 'b']).toContain(newestLeafUnder(cycle, 'a'));
  });

  it('finds the alternatives of a message, oldest first', () => {
    expect(ids(siblingsOf(tree, tree[4]!))).toEqual(['a1', 'a1b']);
    expect(ids(siblingsOf(tree, tree[0]!))).toEqual(['q1']);
  });

  it('goes on from a chosen alternative to its newest end', () => {
    expect(newestLeafUnder(tree, 'q1')).toBe('q3');
    expect(newestLeafUnder(tree, 'a1')).toBe('a2');
    expect(newestLeafUnder(tree, 'a2')).toBe('a2');
  });
});

describe('titleFrom', () => {
  it('takes the question, without its marks', () => {
    expect(titleFrom('  **Why** is\n`x` so?  ')).toBe('Why is x so?');
    expect(titleFrom(' \n ')).toBe('New conversation');
  });

  it('cuts long questions between words, and never a character', () => {
    const title = titleFrom('word '.repeat(40));
    expect(title).toMatch(/^(word )+word…$/);
    expect(title.length).toBeLessThanOrEqual(61);
    expect(titleFrom('🌋'.repeat(100))).toBe('🌋'.repeat(60) + '…');
  });
});

describe('groupByAge', () => {
  it('puts conversations under the headings of their days', () => {
    const now = new Date(2026, 4, 20, 9, 0);
    const at = (...date: [number, number, number, number]): Conversation => {
      const updated = new Date(...date).getTime();
      return { id: String(updated), title: '', created: 0, updated, leaf: null, model: null };
    };
    const groups = groupByAge(
      [
        at(2026, 4, 20, 0),
        at(2026, 4, 19, 23),
        at(2026, 4, 19, 0),
        at(2026, 4, 13, 0),
        at(2026, 3, 21, 0),
        at(2020, 0, 1, 0),
      ],
      now,
    );
    expect(groups.map(({ label, conversations }) => [label, conversations.length])).toEqual([
      ['Today', 1],
      ['Yesterday', 2],
      ['Previous 7 days', 1],
      ['Previous 30 days', 1],
      ['Older', 1],
    ]);
  });
});

it('newId does not repeat itself', () => {
  expect(new Set(Array.from({ length: 1000 }, newId)).size).toBe(1000);
});

import type { ChildProcess } from "node:child_process";
import type { Board, BoardOptions } from "./board.ts";

/** The board as seen from another process: the same functions, with an answer that takes a moment. */
export type RemoteBoard = {
  [Name in keyof Board]: (...words: Parameters<Board[Name]>) => Promise<ReturnType<Board[Name]>>;
};

export interface Question {
  id: number;
  name: keyof Board;
  words: unknown[];
}

export interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** On the side of the board. */
export function answerTo(board: Board, { id, name, words }: Question): Answer {
  try {
    const work = board[name] as (...words: unknown[]) => unknown;
    return { id, value: work(...words) };
  } catch (error) {
    return { id, error: String(error) };
  }
}

/** On the other side. The process speaks Node's IPC, with serialization `advanced`. */
export function createRemote(process: ChildProcess): RemoteBoard {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  process.on("message", ({ id, value, error }: Answer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(value);
    else asker?.reject(new Error(error));
  });
  process.once("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the board ended with ${code ?? signal}`));
  });
  const ask = (name: keyof Board, words: unknown[]) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      const question: Question = { id: lastId, name, words };
      process.send(question, (error: Error | null) => error && reject(error));
    });
  return new Proxy({} as RemoteBoard, {
    get(_, name) {
      // Or whoever awaits the board itself would take it for a promise.
      if (name === "then") return undefined;
      return (...words: unknown[]) => ask(name as keyof Board, words);
    },
  });
}

export function writeOptions(options: BoardOptions): string {
  return JSON.stringify(options);
}

export function readOptions([, , text = ""]: string[]): BoardOptions {
  return JSON.parse(text) as BoardOptions;
}

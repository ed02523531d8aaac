import { createBoard } from "./board.ts";
import { openFuseDevice } from "./fuse/device.ts";
import { serve } from "./fuse/session.ts";
import { type Answer, answerTo, type Question, readOptions } from "./remote.ts";

/**
 * The process that is the board. It is one of its own because onoff writes synchronously: a program that served the
 * file system to itself would wait for its own answer. It ends with whoever started it.
 */
const FUSE_DESCRIPTOR = 3;

const { root, board } = createBoard(readOptions(process.argv));
// An orderly exit would wait for the thread that waits for the next request.
const end = () => process.kill(process.pid, "SIGKILL");
process.on("disconnect", end);
// It may have happened while this was being loaded.
if (!process.connected) end();
process.on("message", (question: Question) => {
  const answer: Answer = answerTo(board, question);
  process.send?.(answer);
});
await serve(openFuseDevice(FUSE_DESCRIPTOR), root, (error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
});
process.exit(0);

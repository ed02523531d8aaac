import { Gpio } from "./add-ons.ts";

/** Switches a line on, says so, and waits to be killed. */
const line = new Gpio(Number(process.argv[2]), "high");
process.stdout.write(`${line.readSync()}\n`);
setInterval(() => undefined, 1000);

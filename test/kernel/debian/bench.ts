import { after, beforeEach } from "node:test";
import { setUpBench } from "../mcp2221/bench.ts";

/** The hardware of all tests in the guest. Each test finds it sound and plugged in. */
export const bench = await setUpBench({ after });

beforeEach(() => bench.mend());

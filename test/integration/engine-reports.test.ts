import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { type CaptureState, loadNative } from "../../src/capture/native.ts";
import { ENGINE_OPTIONS } from "../helpers/engine-options.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";

const CAPTURES = 200;

test("the end of a capture is told once, and nothing after it", async () => {
  const folder = makeTemporaryFolder();
  onTestFinished(() => folder.remove());
  const native = loadNative();
  const told = await Promise.all(
    Array.from({ length: CAPTURES }, async (_, index) => {
      const states: CaptureState[] = [];
      const ended = new EventTarget();
      const options = {
        ...ENGINE_OPTIONS,
        folder: folder.path,
        filePrefix: `t${index}`,
        captureSeconds: 0.05,
      };
      native.startCapture(options, ({ state }) => {
        states.push(state);
        if (state === "ended") ended.dispatchEvent(new Event("ended"));
      });
      await once(ended, "ended");
      // What else is in the queue comes by the next turns.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return states.join(" ");
    }),
  );
  for (const states of told) expect(states).toMatch(/^((running|closing) )*ended$/);
});

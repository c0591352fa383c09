import { dumpcap } from "./dumpcap.ts";
import { floor } from "./floor.ts";
import { npmCap } from "./npm-cap.ts";
import { pcapperPlain, pcapperRotating } from "./pcapper.ts";
import { tcpdumpBigRing, tcpdumpPlain, tcpdumpRotating } from "./tcpdump.ts";
import type { CaptureTask, Writer } from "./writer.ts";

export const writers = {
  pcapper: pcapperPlain,
  "pcapper-rotating": pcapperRotating,
  floor,
  tcpdump: tcpdumpPlain,
  "tcpdump-B": tcpdumpBigRing,
  "tcpdump-C": tcpdumpRotating,
  dumpcap,
  "npm-cap": npmCap,
} satisfies Record<string, (task: CaptureTask) => Writer>;

export type WriterName = keyof typeof writers;

export const writerNames = Object.keys(writers) as WriterName[];

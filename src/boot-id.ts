import { readFileSync } from "node:fs";

/** The kernel's word for the time since this machine started (random(4)); empty where it cannot be read. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

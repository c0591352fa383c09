/** What will be done, as plain data: drawn from a seed, or written by hand in a test. Times are ms from the beginning. */
import type { PacketCaptureSpec } from "../../src/api/resource.ts";

/** In the order of their value; a run goes round in this order, so that a short one has had all. */
export const FAULT_KINDS = [
  "agent-killed",
  "agent-terminated",
  "api-killed",
  "agent-frozen",
  "api-terminated",
  "api-refuses",
  "api-fails",
  "api-answers-lost",
  "api-cut",
  "api-slow",
  "api-hangs",
  "etcd-compacted",
  "interface-down",
  "interface-renamed",
  "interface-deleted",
  "pod-deleted",
  "pod-replaced",
  "pod-network-gone",
  "capture-deleted",
  "capture-recreated",
  "disk-full",
  "inodes-used-up",
  "files-removed",
  "foreign-files",
  "descriptors-few",
  "burst",
] as const;

/** They came later: seeds below NEWER_SEEDS know nothing of them, and mean what they always did. */
export const NEWER_FAULT_KINDS = [
  "agent-blocked",
  "clock-ahead",
  "clock-behind",
  "memory-tight",
  "disk-slow",
  "disk-errors",
  "disk-read-only",
  "hostmount-gone",
  "whole-files-removed",
] as const;

export const NEWER_SEEDS = 1000;

/** Seeds from here on have a second node with an agent of its own; these are done to the first. */
export const BETWEEN_NODES = [
  "agent-killed",
  "agent-frozen",
  "api-killed",
  "disk-full",
  "pod-replaced",
  "interface-deleted",
] as const;

export const NODES_SEEDS = 2000;

export const ALL_FAULT_KINDS = [...FAULT_KINDS, ...NEWER_FAULT_KINDS] as const;

export type FaultKind = (typeof ALL_FAULT_KINDS)[number];

/** The stream of packets that passes the node's interface; those of pods are `pod-0`, `pod-1`. */
export const NODE_STREAM = "node";

export interface PlannedCapture {
  name: string;
  target: "interface" | "any" | "pod";
  stream: string;
  createAt: number;
  stopAt?: number;
  /** Without its target. */
  spec: PacketCaptureSpec;
}

/** Packets at one rate; phases of one stream follow each other. */
export interface PlannedPhase {
  milliseconds: number;
  /** A second. */
  rate: number;
  /** Bytes of each packet. */
  length: number;
}

export interface PlannedFault {
  kind: FaultKind;
  at: number;
  /** How long until it is undone, where it can be. */
  milliseconds: number;
  /** Index of the capture it is aimed at. */
  capture: number;
}

export interface Scenario {
  seed: number;
  /** Where files go: a folder of this machine's disk, or a small file system of their own. */
  disk: "folder" | "tmpfs";
  pods: number;
  /** Whether pods are found by the CNI's result cache, else by their address. */
  cniCache: boolean;
  /** Kernel memory of one capture's ring. */
  captureBuffer: string;
  captures: PlannedCapture[];
  traffic: Record<string, PlannedPhase[]>;
  faults: PlannedFault[];
  /** Another node on the same API server, to which nothing is done. */
  neighbour?: Scenario;
}

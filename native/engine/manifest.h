#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "engine/captured_file.h"
#include "engine/statistics.h"

namespace pcapper {

// What was really opened.
struct OpenedInterface {
  std::string name;
  int index = 0;          // 0 for `any`
  std::string link_type;  // libpcap's name
};

// Why and when a capture ended.
struct CaptureEnd {
  std::string reason;   // a word of the reason catalogue
  std::string message;  // the error's own text, or empty
  int64_t time = 0;     // nanoseconds since 1970
  // Closed whole, but to be gone on with by the next process: not finished.
  bool suspended = false;
};

// The capture's own record, beside its files: what a crash, a clean-up or a gatherer needs to know.
struct Manifest {
  std::string head;  // JSON object text from TypeScript: cluster, namespace, name, uid, node, spec, target
  OpenedInterface interface;
  int64_t start_time = 0;
  // The same moment by the clock that nobody sets (CLOCK_MONOTONIC), in nanoseconds; 0 where the machine was
  // started since, or nobody knows.
  int64_t monotonic_start = 0;
  // Names up to this number belong to this capture, listed or not: written before they are used.
  uint32_t reserved_through = 0;
  // Number of the first file of this life; above 1 where an earlier one left files.
  uint32_t first_number = 1;
  // JSON array text from TypeScript: the times in which nothing was captured.
  std::string gaps = "[]";
  std::deque<CapturedFile> files;       // whole ones, oldest first
  std::optional<CapturedFile> current;  // being written: `bytes` is the length a reader may trust
  Statistics statistics;
  std::optional<CaptureEnd> finished;
  int64_t updated_time = 0;
  // Of one that is left to the next process: until when every packet is in a file. 0 = unsaid.
  int64_t captured_through = 0;
  // Newest packet in a file that was removed, nanoseconds since 1970; 0 = there is none.
  int64_t removed_through = 0;
};

std::string ToJson(const Manifest& manifest);

// `gaps` is JSON array text, and so is what comes back: with one more.
std::string WithGap(const std::string& gaps, const std::string& from, int64_t to);

}  // namespace pcapper

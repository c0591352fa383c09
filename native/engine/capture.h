#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/disk_watch.h"
#include "engine/manifest.h"
#include "engine/packet_source.h"
#include "engine/statistics.h"
#include "engine/unique_fd.h"

namespace pcapper {

class FileKeeper;

// What an earlier process left of the same capture: its files, recovered, and its counts.
struct EarlierLife {
  int64_t start_time = 0;       // nanoseconds since 1970
  int64_t monotonic_start = 0;  // as in Manifest
  uint32_t next_number = 1;
  std::deque<CapturedFile> files;  // oldest first
  Statistics statistics;
  int64_t removed_through = 0;  // newest packet in a file that was removed
  std::string gaps;             // JSON array text
  std::string gap_from;         // RFC 3339: since when nothing has been captured
};

struct CaptureOptions {
  std::string network_namespace;     // path of its mount; empty = this process's own
  std::string network_namespace_id;  // `DEV:INO` it must have; empty = any
  std::string interface_name;
  std::string filter;
  uint32_t snap_length = kMaxSnapLength;
  bool promiscuous = true;
  uint64_t ring_bytes = 0;
  double capture_seconds = 0;
  uint64_t packet_count = 0;  // 0 = no limit
  std::string folder;
  std::string file_prefix;
  uint64_t max_file_bytes = 0;
  uint32_t file_count = 1;
  uint64_t max_write_rate = 0;  // bytes a second, 0 = no limit
  FreeDiskLimit min_free_disk;  // with less it ends as DiskPressure
  std::string manifest_head;    // JSON object text
  std::optional<EarlierLife> earlier;
};

enum class CaptureState { kOpening, kRunning, kClosing, kEnded };

// A consistent copy of what is known.
struct CaptureReport {
  CaptureState state = CaptureState::kOpening;
  std::optional<OpenedInterface> interface;
  std::vector<std::string> warnings;
  Statistics statistics;
  std::string current_file;
  uint64_t bytes_on_disk = 0;
  int64_t start_time = 0;    // nanoseconds since 1970, 0 = not yet
  int64_t resumed_time = 0;  // of a capture that goes on: when its gap was over
  int64_t end_time = 0;
  std::optional<CaptureEnd> end;
};

// Asks a capture thread to stop: by a descriptor it can poll, and a flag it can look at.
class StopRequest {
 public:
  StopRequest();
  // Any thread. Only the first call counts.
  void Ask(CaptureEnd end);
  bool asked() const { return asked_; }
  int descriptor() const { return event_.get(); }
  CaptureEnd end() const;

 private:
  UniqueFd event_;
  std::atomic<bool> asked_{false};
  mutable std::mutex mutex_;
  CaptureEnd end_;
};

// One capture: a capture thread that takes packets from the ring to the files, and helper threads for
// all that is slow (FileKeeper: files, InterfaceWatch: drop counters). Created, started, stopped and
// destroyed by its owner's thread.
class Capture {
 public:
  // `on_change` is called on the capture thread after each change of state; it must not block. Counters
  // and files change in between: whoever wants them asks. The report says `ended` before the last call.
  Capture(CaptureOptions options, std::function<void()> on_change);
  // Stops with `Interrupted` what still runs, and waits for whole files.
  ~Capture();

  // Any thread.
  void Stop(const std::string& reason, const std::string& message) { stop_.Ask({reason, message}); }
  // Closes the files whole and leaves the manifest open, for the next process to go on.
  void Suspend() { stop_.Ask({.reason = "Suspended", .message = {}, .suspended = true}); }
  CaptureReport Report() const;
  // The owner's thread. Waits for the capture's end.
  void Join();

 private:
  // Capture thread.
  void Run();
  CaptureEnd OpenAndCapture();
  void Enter(CaptureState state);

  const CaptureOptions options_;
  const std::function<void()> on_change_;
  StopRequest stop_;
  mutable std::mutex mutex_;  // guards report_ and keeper_
  CaptureReport report_;
  std::shared_ptr<FileKeeper> keeper_;
  std::thread thread_;
};

}  // namespace pcapper

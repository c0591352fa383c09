#include "engine/capture.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "engine/background_thread.h"
#include "engine/capture_folder.h"
#include "engine/capture_loop.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/file_keeper.h"
#include "engine/filter_lookup.h"
#include "engine/open_interface.h"

namespace pcapper {

namespace {

// A new capture's manifest, or the one that an earlier life left, gone on with.
Manifest FirstManifest(const CaptureOptions& options, const OpenedInterface& opened) {
  Manifest manifest;
  manifest.head = options.manifest_head;
  manifest.interface = opened;
  manifest.start_time = RealtimeNow();
  manifest.monotonic_start = MonotonicNow();
  if (!options.earlier) return manifest;
  manifest.start_time = options.earlier->start_time;
  manifest.monotonic_start = options.earlier->monotonic_start;
  manifest.first_number = options.earlier->next_number;
  manifest.files = options.earlier->files;
  manifest.statistics = options.earlier->statistics;
  manifest.removed_through = options.earlier->removed_through;
  // Until it captures again; the true end of the gap is written then.
  manifest.gaps = WithGap(options.earlier->gaps, options.earlier->gap_from, RealtimeNow());
  return manifest;
}

}  // namespace

StopRequest::StopRequest() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw Failure("CaptureError", "creating an eventfd: " + ErrorText(errno));
}

void StopRequest::Ask(CaptureEnd end) {
  {
    const std::lock_guard lock(mutex_);
    if (asked_) return;
    end_ = std::move(end);
    asked_ = true;
  }
  eventfd_write(event_.get(), 1);
}

CaptureEnd StopRequest::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

Capture::Capture(CaptureOptions options, std::function<void()> on_change)
    : options_(std::move(options)), on_change_(std::move(on_change)) {
  thread_ = StartBackgroundThread("pcapper-capture", [this] { Run(); });
}

Capture::~Capture() {
  Stop("Interrupted", "the process ended");
  Join();
}

void Capture::Join() {
  if (thread_.joinable()) thread_.join();
}

CaptureReport Capture::Report() const {
  const std::lock_guard lock(mutex_);
  CaptureReport report = report_;
  if (keeper_ == nullptr) return report;
  const FileTotals totals = keeper_->totals();
  report.statistics.files = totals.files;
  report.statistics.files_removed = totals.files_removed;
  report.statistics.packets_removed = totals.packets_removed;
  report.bytes_on_disk = totals.bytes_on_disk;
  report.current_file = totals.current_file;
  return report;
}

void Capture::Enter(CaptureState state) {
  {
    const std::lock_guard lock(mutex_);
    if (report_.state == state) return;
    report_.state = state;
  }
  on_change_();
}

void Capture::Run() {
  CaptureEnd end;
  try {
    end = OpenAndCapture();
  } catch (const LookupStopped&) {
    end = stop_.end();
    end.time = RealtimeNow();
  } catch (const Failure& failure) {
    end = {.reason = failure.reason(), .message = failure.what(), .time = RealtimeNow()};
  } catch (const std::exception& error) {
    end = {.reason = "CaptureError", .message = error.what(), .time = RealtimeNow()};
  }
  {
    const std::lock_guard lock(mutex_);
    report_.end = end;
    if (report_.end_time == 0) report_.end_time = end.time;
  }
  Enter(CaptureState::kEnded);
}

// Opens all or nothing, then captures to the end. Throws Failure or LookupStopped only where no file is left.
CaptureEnd Capture::OpenAndCapture() {
  const OpenInterface opened = Open({.network_namespace = options_.network_namespace,
                                     .network_namespace_id = options_.network_namespace_id,
                                     .interface_name = options_.interface_name,
                                     .filter = options_.filter,
                                     .snap_length = options_.snap_length,
                                     .promiscuous = options_.promiscuous,
                                     .ring_bytes = options_.ring_bytes,
                                     .lookup = {.stop_descriptor = stop_.descriptor()}});
  const Manifest manifest = FirstManifest(options_, opened.interface);
  const auto keeper =
      std::make_shared<FileKeeper>(CaptureFolder(options_.folder, options_.file_prefix),
                                   opened.source->file_header(), manifest, options_.file_count);
  DiskWatch disk(options_.folder, options_.min_free_disk);
  // Before there is a file: it takes memory, and may find none.
  CaptureLoop loop({options_, *opened.source, *opened.watch, disk, *keeper, stop_},
                   [this](const Statistics& counted, CaptureState state) {
                     {
                       const std::lock_guard lock(mutex_);
                       report_.statistics = counted;
                       if (state == CaptureState::kClosing && report_.end_time == 0) {
                         report_.end_time = RealtimeNow();
                       }
                     }
                     Enter(state);
                   });
  OpenFile first = keeper->Start();
  int64_t started = 0;
  int64_t opening = 0;
  int64_t start_time = 0;
  try {
    opened.watch->Begin();
    disk.Begin();
    opening = RealtimeNow();
    opened.source->Begin();
    // Only now: what took long so far, a disk or rtnetlink, has cost none of the capture's time, and whatever
    // passes from the start time on is captured.
    started = MonotonicNow();
    start_time = RealtimeNow();
  } catch (const Failure&) {
    keeper->Abandon(std::move(first));
    throw;
  }
  // A capture that goes on began when its first life did.
  const int64_t began = options_.earlier ? manifest.start_time : start_time;
  const int64_t resumed = options_.earlier ? start_time : 0;
  keeper->Begin(began, options_.earlier ? manifest.monotonic_start : started,
                options_.earlier ? WithGap(options_.earlier->gaps, options_.earlier->gap_from, resumed)
                                 : manifest.gaps);
  {
    const std::lock_guard lock(mutex_);
    report_.interface = manifest.interface;
    report_.start_time = began;
    report_.resumed_time = resumed;
    report_.statistics = manifest.statistics;
    report_.warnings = opened.source->warnings();
    keeper_ = keeper;
  }
  Enter(CaptureState::kRunning);
  return loop.Run(std::move(first), {.monotonic = started, .opening = opening, .realtime = start_time});
}

}  // namespace pcapper

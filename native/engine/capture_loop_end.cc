// The end of a capture loop: what ends it, and the one way in which it ends then.
#include <poll.h>

#include <utility>

#include "engine/capture_loop.h"
#include "engine/clock.h"
#include "engine/failure.h"

namespace pcapper {
namespace {

// After the filter is shut, the block being filled comes within the retire timeout; the rest is for a
// timer that runs late.
constexpr int64_t kDrainTime = (kRetireMilliseconds + 100) * kNanosecondsPerMillisecond;
constexpr int kDrainPollMilliseconds = 10;

}  // namespace

void CaptureLoop::LookForAnEnd() {
  if (end_) return;
  if (parts_.stop.asked()) {
    end_ = parts_.stop.end();
  } else if (parts_.options.packet_count > 0 && taken() >= parts_.options.packet_count) {
    End("PacketCountReached", "");
  } else if (MonotonicNow() >= deadline_) {
    End("TimeElapsed", "");
  } else if (!parts_.watch.exists()) {
    End("TargetGone", "The interface is gone");
  } else if (!writing_ && writer_.failure()) {
    End(writer_.failure()->reason(), writer_.failure()->what());
  } else if (const auto failure = parts_.keeper.failed() ? parts_.keeper.failure() : std::nullopt) {
    End(failure->reason(), failure->what());
  } else if (parts_.disk.is_short()) {
    End("DiskPressure", parts_.disk.Shortage());
  }
}

void CaptureLoop::End(const std::string& reason, const std::string& message) {
  end_ = CaptureEnd{reason, message, end_ ? end_->time : 0};
}

// No more in; then everything that is in the ring, also a block that is only partly filled.
void CaptureLoop::Drain() {
  bool shut = true;
  try {
    parts_.source.Shut();
  } catch (const Failure& failure) {
    // Still open: draining it might never end.
    End(failure.reason(), failure.what());
    shut = false;
  }
  end_->time = RealtimeNow();
  publish_(Count(), CaptureState::kClosing);
  if (!shut || end_->reason == "PacketCountReached") return;
  const int64_t drained = MonotonicNow() + kDrainTime;
  while (!broken_) {
    if (TakeBatch() > 0) continue;
    if (MonotonicNow() >= drained) return;
    poll(nullptr, 0, kDrainPollMilliseconds);
  }
}

CaptureEnd CaptureLoop::CloseFiles() {
  WrittenFile last;
  if (writer_.is_open()) last = FinishFile();
  if (writer_.failure())
    end_ = CaptureEnd{writer_.failure()->reason(), writer_.failure()->what(), end_->time};
  parts_.watch.End();
  const Statistics counted = Count();
  const CaptureEnd end = parts_.keeper.Finish(std::move(last.file), last.what, counted, *end_);
  publish_(counted, CaptureState::kClosing);
  return end;
}

}  // namespace pcapper

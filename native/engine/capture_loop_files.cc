// The files of a capture loop: the turn to the next one, the waits before a write, the flush.
#include <poll.h>

#include <algorithm>
#include <utility>

#include "engine/capture_loop.h"
#include "engine/clock.h"

namespace pcapper {
namespace {

uint64_t PacketBytes(const CapturedFile& file) {
  return file.bytes < kFileHeaderBytes ? 0
                                       : file.bytes - kFileHeaderBytes - file.packets * kRecordHeaderBytes;
}

}  // namespace

bool CaptureLoop::TurnToNextFile() {
  writing_ = writer_.Flush();
  if (!writing_) return false;
  WrittenFile whole = FinishFile();
  std::optional<OpenFile> next = parts_.keeper.Turn(std::move(whole.file), whole.what);
  writing_ = next.has_value();
  if (next) writer_.Begin(*std::move(next));
  return writing_;
}

WrittenFile CaptureLoop::FinishFile() {
  WrittenFile file = writer_.Finish();
  lost_ += writer_.packets() - file.what.packets;
  turned_packets_ += file.what.packets;
  turned_bytes_ += PacketBytes(file.what);
  writer_.Reset();
  return file;
}

// Called by the writer before bytes go to disk: first the ring gives way, then the write rate does.
// Once an end is near nothing waits: what is in memory is bounded, and a stop must not take minutes.
void CaptureLoop::AwaitWrite(size_t bytes) {
  parts_.keeper.AwaitRoomFor(writer_.number());
  int64_t now = MonotonicNow();
  for (int64_t delay = rate_.Delay(now); delay > 0; delay = rate_.Delay(now)) {
    if (end_ || parts_.stop.asked() || now >= deadline_ || !parts_.watch.exists()) break;
    if (parts_.disk.is_short()) break;
    pollfd descriptors[] = {{.fd = parts_.stop.descriptor(), .events = POLLIN, .revents = 0},
                            {.fd = parts_.watch.descriptor(), .events = POLLIN, .revents = 0}};
    poll(descriptors, 2, PollMilliseconds(std::min({delay, deadline_ - now, tick_due_ - now})));
    if (descriptors[1].revents != 0) parts_.watch.ReadEvents();
    now = MonotonicNow();
    if (ReportIfDue(now)) PublishWritten();
  }
  rate_.Wrote(bytes, now);
}

// Where no write is allowed now the kernel may drop all the more: whoever looks, or repairs after a crash,
// must find that counted. Of packets, what is in the file.
void CaptureLoop::PublishWritten() {
  const CapturedFile written = writer_.Written();
  Statistics counted = Count();
  counted.packets = turned_packets_ + written.packets;
  counted.bytes = turned_bytes_ + PacketBytes(written);
  parts_.keeper.Publish(written, counted);
}

void CaptureLoop::FlushIfDue(int64_t now) {
  if (now < flush_due_) return;
  flush_due_ = now + kFlushInterval;
  // Compared with what was published, not with what is unflushed: a full buffer flushes by itself.
  if (!writing_ || taken() == published_) return;
  if (!parts_.keeper.HasRoomFor(writer_.number()) || rate_.Delay(now) > 0) return PublishWritten();
  if (!writer_.Flush()) {
    writing_ = false;
    return;
  }
  published_ = taken();
  parts_.keeper.Publish(writer_.Written(), Count());
}

}  // namespace pcapper

#include "engine/capture_loop.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/prefetch.h"

namespace pcapper {
namespace {

// Bounds one call into libpcap to a few milliseconds.
constexpr int kBatchPackets = 1000;
// What is captured is in the file after this long.
constexpr int64_t kFlushInterval = kNanosecondsPerSecond;
// Drop counters are read and a report is made this often.
constexpr int64_t kTickInterval = kNanosecondsPerSecond;
// After the filter is shut, the block being filled comes within the retire timeout; the rest is for a
// timer that runs late.
constexpr int64_t kDrainTime = (kRetireMilliseconds + 100) * kNanosecondsPerMillisecond;
constexpr int kDrainPollMilliseconds = 10;
// Under load the thread rests a millisecond for each of these, 10 at most: 6 GB/s would fill the ring.
constexpr uint64_t kRingBytesPerRest = 6u << 20;
constexpr uint64_t kMaxRestMilliseconds = 10;

uint64_t PacketBytes(const CapturedFile& file) {
  return file.bytes < kFileHeaderBytes ? 0
                                       : file.bytes - kFileHeaderBytes - file.packets * kRecordHeaderBytes;
}

int64_t DeadlineOf(int64_t started, double seconds) {
  return started + static_cast<int64_t>(seconds * static_cast<double>(kNanosecondsPerSecond));
}

// Reads an error off the socket, so that libpcap does not meet it: it would look the interface up by
// name and take a renamed one for gone.
void ClearSocketError(int fd) {
  int error = 0;
  socklen_t bytes = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
}

}  // namespace

CaptureLoop::CaptureLoop(Parts parts, Publish publish)
    : parts_(parts),
      publish_(std::move(publish)),
      gather_milliseconds_(
          static_cast<int>(std::min(parts.options.ring_bytes / kRingBytesPerRest, kMaxRestMilliseconds))),
      writer_(parts.source.file_header(), parts.options.max_file_bytes,
              [this](size_t bytes) { AwaitWrite(bytes); }),
      rate_(parts.options.max_write_rate) {
  if (!parts.options.earlier) return;
  const Statistics& before = parts.options.earlier->statistics;
  turned_packets_ = before.packets;
  turned_bytes_ = before.bytes;
  lost_ = before.dropped_on_write;
  dropped_by_kernel_ = before.dropped_by_kernel;
  dropped_by_interface_before_ = before.dropped_by_interface;
}

CaptureEnd CaptureLoop::Run(OpenFile first, int64_t started) {
  deadline_ = DeadlineOf(started, parts_.options.capture_seconds);
  writer_.Begin(std::move(first));
  flush_due_ = tick_due_ = MonotonicNow() + kFlushInterval;
  while (!end_) {
    if (busy_) LetPacketsGather();
    AwaitPackets();
    busy_ = false;
    // A full batch says that there may be more.
    while (!end_ && readable_ && TakeBatch() == kBatchPackets) {
      busy_ = true;
      LookForAnEnd();
      Tick();
    }
    LookForAnEnd();
    Tick();
  }
  Drain();
  return CloseFiles();
}

void CaptureLoop::OnPacket(uint8_t* self, const pcap_pkthdr* header, const uint8_t* data) {
  reinterpret_cast<CaptureLoop*>(self)->Take(*header, data);
}

// In nanosecond mode libpcap's tv_usec carries nanoseconds.
void CaptureLoop::Take(const pcap_pkthdr& header, const uint8_t* data) {
  PrefetchAhead<Access::kRead>(data);
  const RecordHeader record{.seconds = static_cast<uint32_t>(header.ts.tv_sec),
                            .nanoseconds = static_cast<uint32_t>(header.ts.tv_usec),
                            .captured_length = std::min<uint32_t>(header.caplen, kMaxSnapLength),
                            .original_length = header.len};
  if (!writing_ || (!writer_.Fits(record.captured_length) && !TurnToNextFile())) {
    lost_++;
    return;
  }
  if (!writer_.Append(record, data)) writing_ = false;
}

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
    if (end_ || parts_.stop.asked() || now >= deadline_) break;
    pollfd stop{.fd = parts_.stop.descriptor(), .events = POLLIN, .revents = 0};
    poll(&stop, 1, PollMilliseconds(std::min(delay, deadline_ - now)));
    now = MonotonicNow();
  }
  rate_.Wrote(bytes, now);
}

// Under load every block of the ring would wake this thread; a rest that fills no more than a part of
// the ring makes many blocks one wake-up.
void CaptureLoop::LetPacketsGather() {
  pollfd stop{.fd = parts_.stop.descriptor(), .events = POLLIN, .revents = 0};
  if (gather_milliseconds_ > 0) poll(&stop, 1, gather_milliseconds_);
}

void CaptureLoop::AwaitPackets() {
  pollfd descriptors[] = {{.fd = parts_.source.descriptor(), .events = POLLIN, .revents = 0},
                          {.fd = parts_.stop.descriptor(), .events = POLLIN, .revents = 0},
                          {.fd = parts_.watch.descriptor(), .events = POLLIN, .revents = 0}};
  const int64_t wake = std::min({deadline_, flush_due_, tick_due_});
  poll(descriptors, 3, PollMilliseconds(wake - MonotonicNow()));
  readable_ = (descriptors[0].revents & POLLIN) != 0;
  if ((descriptors[0].revents & POLLERR) != 0) {
    ClearSocketError(descriptors[0].fd);
    parts_.watch.Refresh();
  }
  if ((descriptors[2].revents & POLLIN) != 0) parts_.watch.ReadEvents();
}

int CaptureLoop::BatchSize() const {
  const uint64_t limit = parts_.options.packet_count;
  if (limit == 0) return kBatchPackets;
  return static_cast<int>(std::min<uint64_t>(kBatchPackets, limit - std::min(limit, taken())));
}

int CaptureLoop::TakeBatch() {
  const uint64_t before = taken();
  const int batch = BatchSize();
  if (batch == 0) return 0;
  try {
    const int count = parts_.source.Dispatch(batch, OnPacket, reinterpret_cast<uint8_t*>(this));
    failures_in_a_row_ = 0;
    return count;
  } catch (const Failure& failure) {
    OnDispatchFailure(failure, before);
    return 0;
  }
}

// libpcap fails in two ways: while it waits (the link went down; it may come back), with nothing
// taken, or over a frame it finds broken. The second would hand the same packets out again.
void CaptureLoop::OnDispatchFailure(const Failure& failure, uint64_t taken_before) {
  if (taken() > taken_before) broken_ = true;
  parts_.watch.Refresh();
  if (!broken_ && !parts_.watch.exists()) return;
  if (readable_ && ++failures_in_a_row_ > 1) broken_ = true;
  if (broken_) End(failure.reason(), failure.what());
}

void CaptureLoop::LookForAnEnd() {
  if (end_) return;
  if (parts_.stop.asked()) {
    end_ = parts_.stop.end();
  } else if (parts_.options.packet_count > 0 && taken() >= parts_.options.packet_count) {
    End("PacketCountReached", "");
  } else if (MonotonicNow() >= deadline_) {
    End("TimeElapsed", "");
  } else if (!parts_.watch.exists()) {
    End("TargetGone", "the interface is gone");
  } else if (!writing_ && writer_.failure()) {
    End(writer_.failure()->reason(), writer_.failure()->what());
  } else if (const auto failure = parts_.keeper.failed() ? parts_.keeper.failure() : std::nullopt) {
    End(failure->reason(), failure->what());
  }
}

void CaptureLoop::End(const std::string& reason, const std::string& message) {
  end_ = CaptureEnd{reason, message, end_ ? end_->time : 0};
}

void CaptureLoop::Tick() {
  const int64_t now = MonotonicNow();
  FlushIfDue(now);
  if (now < tick_due_) return;
  tick_due_ = now + kTickInterval;
  publish_(Count(), CaptureState::kRunning);
}

void CaptureLoop::FlushIfDue(int64_t now) {
  if (now < flush_due_) return;
  flush_due_ = now + kFlushInterval;
  // Compared with what was published, not with what is unflushed: a full buffer flushes by itself.
  if (!writing_ || taken() == published_) return;
  if (!parts_.keeper.HasRoomFor(writer_.number()) || rate_.Delay(now) > 0) return;
  if (!writer_.Flush()) {
    writing_ = false;
    return;
  }
  published_ = taken();
  parts_.keeper.Publish(writer_.Written(), Count());
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

Statistics CaptureLoop::Count() {
  dropped_by_kernel_ += parts_.source.TakeDrops();
  return {.packets = turned_packets_ + writer_.packets(),
          .bytes = turned_bytes_ + writer_.packet_bytes(),
          .dropped_by_kernel = dropped_by_kernel_,
          .dropped_by_interface = dropped_by_interface_before_ + parts_.watch.dropped(),
          .dropped_on_write = lost_};
}

}  // namespace pcapper

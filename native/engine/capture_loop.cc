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
// Drop counters are read and a report is made this often.
constexpr int64_t kTickInterval = kNanosecondsPerSecond;
// Under load the thread rests a millisecond for each of these, 10 at most: 6 GB/s would fill the ring.
constexpr uint64_t kRingBytesPerRest = 6u << 20;
constexpr uint64_t kMaxRestMilliseconds = 10;

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

CaptureEnd CaptureLoop::Run(OpenFile first, Start start) {
  opening_ = start.opening;
  start_time_ = start.realtime;
  deadline_ = DeadlineOf(start.monotonic, parts_.options.capture_seconds);
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
  if (start_time_ != 0 && IsFromOpening(record)) return;
  if (!writing_ || (!writer_.Fits(record.captured_length) && !TurnToNextFile())) {
    lost_++;
    return;
  }
  if (!writer_.Append(record, data)) writing_ = false;
}

// Later, until the first tick, the same time can only come of a clock that was set back by as little.
bool CaptureLoop::IsFromOpening(const RecordHeader& record) const {
  const int64_t time = record.seconds * kNanosecondsPerSecond + record.nanoseconds;
  return opening_ <= time && time < start_time_;
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
  // Also POLLERR: events were lost.
  if (descriptors[2].revents != 0) parts_.watch.ReadEvents();
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

void CaptureLoop::Tick() {
  const int64_t now = MonotonicNow();
  FlushIfDue(now);
  ReportIfDue(now);
}

bool CaptureLoop::ReportIfDue(int64_t now) {
  if (now < tick_due_) return false;
  tick_due_ = now + kTickInterval;
  start_time_ = 0;
  publish_(Count(), CaptureState::kRunning);
  return true;
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

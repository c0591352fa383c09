#pragma once

#include <functional>
#include <optional>

#include "engine/capture.h"
#include "engine/clock.h"
#include "engine/disk_watch.h"
#include "engine/file_keeper.h"
#include "engine/interface_watch.h"
#include "engine/packet_source.h"
#include "engine/pcap_file_writer.h"
#include "engine/write_rate.h"

namespace pcapper {

// The capture thread's work: packets from the source to the writer, until an end comes. All of it runs
// on the capture thread. Batches are bounded, so that a flood cannot delay the end.
class CaptureLoop {
 public:
  struct Parts {
    const CaptureOptions& options;
    PacketSource& source;
    InterfaceWatch& watch;
    DiskWatch& disk;
    FileKeeper& keeper;
    StopRequest& stop;
  };
  using Publish = std::function<void(const Statistics&, CaptureState)>;

  CaptureLoop(Parts parts, Publish publish);

  // When the source had begun, nanoseconds. What came since `opening`, until it had begun, is not the
  // capture's.
  struct Start {
    int64_t monotonic;  // the capture's seconds count from here
    int64_t opening;    // realtime, just before it began
    int64_t realtime;
  };

  // Captures, drains, counts and closes the files. Does not throw.
  CaptureEnd Run(OpenFile first, Start start);

 private:
  // What is captured is in the file after this long.
  static constexpr int64_t kFlushInterval = kNanosecondsPerSecond;

  static void OnPacket(uint8_t* self, const pcap_pkthdr* header, const uint8_t* data);
  void Take(const pcap_pkthdr& header, const uint8_t* data);
  bool IsFromOpening(const RecordHeader& record) const;
  void AwaitPackets();
  void LetPacketsGather();
  int TakeBatch();
  int BatchSize() const;
  void OnDispatchFailure(const Failure& failure, uint64_t taken_before);
  void Tick();
  bool ReportIfDue(int64_t now);
  Statistics Count();
  // capture_loop_files.cc
  bool TurnToNextFile();
  WrittenFile FinishFile();
  void AwaitWrite(size_t bytes);
  void FlushIfDue(int64_t now);
  void PublishWritten();
  // capture_loop_end.cc
  void LookForAnEnd();
  void End(const std::string& reason, const std::string& message);
  void Drain();
  CaptureEnd CloseFiles();
  uint64_t taken() const { return turned_packets_ + writer_.packets() + lost_; }

  const Parts parts_;
  const Publish publish_;
  const int gather_milliseconds_;
  PcapFileWriter writer_;
  WriteRate rate_;
  std::optional<CaptureEnd> end_;
  bool readable_ = false;   // packets wait, by the last poll
  bool busy_ = false;       // the last round took a full batch or more
  bool writing_ = true;     // false after a failed write: what still comes is counted as lost
  uint64_t lost_ = 0;       // packets taken that are in no file
  uint64_t published_ = 0;  // packets taken when the length was published last
  uint64_t turned_packets_ = 0;
  uint64_t turned_bytes_ = 0;
  uint64_t dropped_by_kernel_ = 0;
  uint64_t dropped_by_interface_before_ = 0;
  int failures_in_a_row_ = 0;
  bool broken_ = false;     // libpcap would hand out again what it handed out already
  int64_t opening_ = 0;     // realtime
  int64_t start_time_ = 0;  // realtime; 0 once nothing from before it can come any more
  int64_t deadline_ = 0;    // monotonic
  int64_t flush_due_ = 0;
  int64_t tick_due_ = 0;
};

}  // namespace pcapper

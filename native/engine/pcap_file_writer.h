#pragma once

#include <cstring>
#include <functional>
#include <optional>

#include "engine/aligned_buffer.h"
#include "engine/captured_file.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/open_file.h"
#include "engine/pcap_format.h"
#include "engine/prefetch.h"

namespace pcapper {

// A file that was closed, and what it holds.
struct WrittenFile {
  OpenFile file;
  CapturedFile what;
};

// Writes one pcap file after the other. Capture thread only; nothing here throws, so that it can be
// called from libpcap's frames: a false answer means that failure() says why.
//
// Records gather in one aligned buffer. Full, its whole blocks go to disk by O_DIRECT: no page cache
// is taken from the node. Flush() brings the rest, the tail, through the buffered descriptor, so the
// file never holds padding. `base_` is the file offset of the buffer's first byte, a block multiple.
class PcapFileWriter {
 public:
  // Called before bytes go to disk, with their number: the place to wait.
  using BeforeWrite = std::function<void(size_t)>;

  PcapFileWriter(const FileHeader& header, uint64_t max_file_bytes, BeforeWrite before_write);

  void Begin(OpenFile file);
  bool is_open() const { return static_cast<bool>(file_.buffered); }
  // Whether a record of this captured length still fits under the limit.
  bool Fits(uint32_t captured_length) const {
    return base_ + fill_ + kRecordHeaderBytes + captured_length <= max_file_bytes_;
  }
  // The hot path: one header, one memcpy.
  bool Append(const RecordHeader& header, const uint8_t* data) {
    uint8_t* to = buffer_.data() + fill_;
    PrefetchAhead<Access::kWrite>(to);
    std::memcpy(to, &header, kRecordHeaderBytes);
    std::memcpy(to + kRecordHeaderBytes, data, header.captured_length);
    last_record_ = fill_;
    fill_ += kRecordHeaderBytes + header.captured_length;
    before_last_ = last_;
    last_ = {header.seconds, header.nanoseconds};
    if (packets_++ == 0) first_ = last_;
    return fill_ < kDirectBytes || WriteFullBuffer();
  }
  // Brings all that was appended into the file, up to a record's end.
  bool Flush();
  bool has_unflushed() const { return flushed_ < fill_; }
  // Flushes, cuts a file that failed to its last whole record, and hands the descriptors over.
  WrittenFile Finish();
  // Forgets the file that Finish() gave away, its counts included.
  void Reset();

  // What the file holds for sure: the records behind the last failed write are not counted.
  CapturedFile Written() const;
  const std::string& name() const { return file_.name; }
  uint32_t number() const { return file_.number; }
  uint64_t packets() const { return packets_; }
  // Captured lengths of its packets.
  uint64_t packet_bytes() const {
    return is_open() ? base_ + fill_ - kFileHeaderBytes - packets_ * kRecordHeaderBytes : 0;
  }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  struct Timestamp {
    uint32_t seconds = 0;
    uint32_t nanoseconds = 0;
  };

  bool WriteFullBuffer();
  // Write… waits for its turn first, Put… does not.
  bool WriteBlocks(size_t bytes);
  bool PutBlocks(size_t bytes);
  bool WriteBlocksDirect(size_t bytes);
  bool WriteBlocksBuffered(size_t bytes);
  bool WriteTail();
  bool PutTail();
  void DropFromBuffer(size_t bytes);
  void MarkSafe(uint64_t bytes, uint64_t packets, Timestamp last);
  bool Fail(int error, const char* what);
  void SalvageRecords(uint64_t on_disk);

  // A direct write of this size ran at disk speed on every disk tried; the buffer has room for one
  // more record behind it.
  static constexpr size_t kDirectBytes = 4u << 20;
  static constexpr size_t kBufferBytes = kDirectBytes + kMaxSnapLength + kBlockBytes;

  FileHeader header_;
  uint64_t max_file_bytes_;
  BeforeWrite before_write_;
  AlignedBuffer buffer_{kBufferBytes};
  OpenFile file_;
  uint64_t base_ = 0;
  size_t fill_ = 0;         // bytes in the buffer
  size_t flushed_ = 0;      // of these, already in the file
  size_t last_record_ = 0;  // where the newest record starts in the buffer
  uint64_t packets_ = 0;
  uint64_t safe_bytes_ = 0;  // a record's end; all before it is in the file
  uint64_t safe_packets_ = 0;
  uint64_t split_end_ = 0;  // end of the record that the last full buffer cut in two
  Timestamp first_, last_, before_last_, safe_last_, split_last_;
  uint64_t recycled_ = 0;  // buffered blocks before this offset left the page cache
  int64_t tail_written_at_ = 0;
  std::optional<Failure> failure_;
};

}  // namespace pcapper

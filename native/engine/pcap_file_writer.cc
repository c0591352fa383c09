#include "engine/pcap_file_writer.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pcapper {
namespace {

// Up to this much a flush goes through the page cache in one call, which saves a quiet capture the
// second write of its blocks.
constexpr size_t kSmallFlushBytes = 256u << 10;
// Larger buffered writes were 2 to 3 times slower on ext4 (docs/performance.md).
constexpr size_t kBufferedChunkBytes = 256u << 10;
constexpr uint64_t kRecycleBytes = 8u << 20;
// A full buffer ends in the middle of a record; its tail follows at most this often.
constexpr int64_t kTailInterval = 100 * kNanosecondsPerMillisecond;

// Writes all of it. Returns how much was written; less than asked leaves errno set.
size_t WriteAll(int fd, const uint8_t* data, size_t bytes, uint64_t offset) {
  size_t written = 0;
  while (written < bytes) {
    const ssize_t n = pwrite(fd, data + written, bytes - written, static_cast<off_t>(offset + written));
    if (n > 0) {
      written += static_cast<size_t>(n);
    } else if (n == 0) {
      errno = EIO;
      break;
    } else if (errno != EINTR) {
      break;
    }
  }
  return written;
}

int64_t ToNanoseconds(uint32_t seconds, uint32_t nanoseconds) {
  return seconds * kNanosecondsPerSecond + nanoseconds;
}

}  // namespace

PcapFileWriter::PcapFileWriter(const FileHeader& header, uint64_t max_file_bytes, BeforeWrite before_write)
    : header_(header), max_file_bytes_(max_file_bytes), before_write_(std::move(before_write)) {}

void PcapFileWriter::Begin(OpenFile file) {
  file_ = std::move(file);
  std::memcpy(buffer_.data(), header_.data(), kFileHeaderBytes);
  base_ = 0;
  fill_ = kFileHeaderBytes;
  flushed_ = 0;
  last_record_ = kFileHeaderBytes;
  packets_ = safe_packets_ = 0;
  safe_bytes_ = split_end_ = 0;
  recycled_ = 0;
  first_ = last_ = before_last_ = safe_last_ = split_last_ = {};
  tail_written_at_ = 0;
}

// The buffer is full, and it ends in the middle of the newest record, or exactly behind it.
bool PcapFileWriter::WriteFullBuffer() {
  if (!WriteBlocks(kDirectBytes)) return false;
  MarkSafe(base_ + last_record_, packets_ - 1, before_last_);
  split_end_ = base_ + fill_;
  split_last_ = last_;
  DropFromBuffer(kDirectBytes);
  const int64_t now = MonotonicNow();
  if (now - tail_written_at_ < kTailInterval) return true;
  tail_written_at_ = now;
  return WriteTail();
}

bool PcapFileWriter::Flush() {
  if (failure_) return false;
  if (!has_unflushed()) return true;
  const size_t bytes = fill_ - flushed_;
  const size_t whole = fill_ - fill_ % kBlockBytes;
  // One write in two parts: a wait between them would leave packets on the disk that nobody is told of.
  before_write_(bytes);
  if (bytes > kSmallFlushBytes && !PutBlocks(whole)) return false;
  return PutTail();
}

bool PcapFileWriter::WriteTail() {
  if (has_unflushed()) before_write_(fill_ - flushed_);
  return PutTail();
}

// Writes what the file has not got yet, in one call where it can, so that a reader meets whole
// records; then forgets the whole blocks.
bool PcapFileWriter::PutTail() {
  if (has_unflushed()) {
    const size_t bytes = fill_ - flushed_;
    const size_t written = WriteAll(file_.buffered.get(), buffer_.data() + flushed_, bytes, base_ + flushed_);
    if (written < bytes) {
      const int error = errno;
      SalvageRecords(base_ + flushed_ + written);
      return Fail(error, "writing");
    }
    flushed_ = fill_;
  }
  MarkSafe(base_ + fill_, packets_, last_);
  DropFromBuffer(fill_ - fill_ % kBlockBytes);
  return true;
}

bool PcapFileWriter::WriteBlocks(size_t bytes) {
  if (failure_) return false;
  before_write_(bytes);
  return PutBlocks(bytes);
}

// Writes the first `bytes` of the buffer, a multiple of the block size. They stay in it.
bool PcapFileWriter::PutBlocks(size_t bytes) {
  if (!(file_.direct ? WriteBlocksDirect(bytes) : WriteBlocksBuffered(bytes))) return false;
  flushed_ = std::max(flushed_, bytes);
  return true;
}

bool PcapFileWriter::WriteBlocksDirect(size_t bytes) {
  size_t written = WriteAll(file_.direct.get(), buffer_.data(), bytes, base_);
  if (written == bytes) return true;
  // EINVAL: this disk wants another alignment than it said. ENOSPC: the blocks that are still free
  // may take some more records byte by byte. Both ways on through the page cache.
  file_.direct.Close();
  flushed_ = std::max(flushed_, written);
  return WriteBlocksBuffered(bytes);
}

bool PcapFileWriter::WriteBlocksBuffered(size_t bytes) {
  const int fd = file_.buffered.get();
  while (flushed_ < bytes) {
    const size_t chunk = std::min(kBufferedChunkBytes, bytes - flushed_);
    const size_t written = WriteAll(fd, buffer_.data() + flushed_, chunk, base_ + flushed_);
    flushed_ += written;
    if (written < chunk) {
      const int error = errno;
      SalvageRecords(base_ + flushed_);
      return Fail(error, "writing");
    }
  }
  // Start the write-back now and let finished pages go: a capture must not evict the node's cache.
  const uint64_t end = base_ + bytes;
  if (end - recycled_ >= kRecycleBytes) {
    sync_file_range(fd, static_cast<off_t>(recycled_), static_cast<off_t>(end - recycled_),
                    SYNC_FILE_RANGE_WRITE);
    posix_fadvise(fd, 0, static_cast<off_t>(recycled_), POSIX_FADV_DONTNEED);
    recycled_ = end;
  }
  return true;
}

void PcapFileWriter::DropFromBuffer(size_t bytes) {
  if (bytes == 0) return;
  std::memmove(buffer_.data(), buffer_.data() + bytes, fill_ - bytes);
  base_ += bytes;
  fill_ -= bytes;
  flushed_ = flushed_ > bytes ? flushed_ - bytes : 0;
}

void PcapFileWriter::MarkSafe(uint64_t bytes, uint64_t packets, Timestamp last) {
  safe_bytes_ = bytes;
  safe_packets_ = packets;
  safe_last_ = last;
}

// After a failed write: finds the last record that is whole below `on_disk`, so that nothing that
// reached the disk is given up. The buffer still holds what follows the last safe point.
void PcapFileWriter::SalvageRecords(uint64_t on_disk) {
  if (safe_bytes_ < base_) {
    if (split_end_ > on_disk) return;
    MarkSafe(split_end_, safe_packets_ + 1, split_last_);
  }
  if (safe_bytes_ == 0 && on_disk >= kFileHeaderBytes) MarkSafe(kFileHeaderBytes, 0, {});
  while (safe_packets_ < packets_) {
    RecordHeader record;
    const size_t at = safe_bytes_ - base_;
    if (at + kRecordHeaderBytes > fill_) return;
    std::memcpy(&record, buffer_.data() + at, kRecordHeaderBytes);
    const uint64_t end = safe_bytes_ + kRecordHeaderBytes + record.captured_length;
    if (end > on_disk) return;
    MarkSafe(end, safe_packets_ + 1, {record.seconds, record.nanoseconds});
  }
}

bool PcapFileWriter::Fail(int error, const char* what) {
  failure_ = DiskFailure(error, std::string(what) + " " + file_.name + ".part");
  return false;
}

WrittenFile PcapFileWriter::Finish() {
  if (!failure_) Flush();
  // Behind the last whole record may be a piece of one. Shrinking needs no room.
  if (failure_ && ftruncate(file_.buffered.get(), static_cast<off_t>(safe_bytes_)) != 0) {
    failure_ = DiskFailure(errno, "cutting " + file_.name + ".part to its last whole packet");
  }
  CapturedFile what = Written();
  return {std::exchange(file_, {}), std::move(what)};
}

void PcapFileWriter::Reset() {
  packets_ = safe_packets_ = 0;
  base_ = safe_bytes_ = 0;
  fill_ = flushed_ = 0;
}

CapturedFile PcapFileWriter::Written() const {
  const bool empty = safe_packets_ == 0;
  return {.name = file_.name,
          .number = file_.number,
          .packets = safe_packets_,
          .bytes = safe_bytes_,
          .first_timestamp = empty ? 0 : ToNanoseconds(first_.seconds, first_.nanoseconds),
          .last_timestamp = empty ? 0 : ToNanoseconds(safe_last_.seconds, safe_last_.nanoseconds)};
}

}  // namespace pcapper

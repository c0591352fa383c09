#include "engine/record_scanner.h"

#include <algorithm>
#include <cstring>

#include "engine/clock.h"

namespace pcapper {
namespace {

constexpr size_t kSnapLengthOffset = 16;

}  // namespace

void RecordScanner::Skip(const CapturedFile& known) {
  packets_ = known.packets;
  whole_bytes_ = known.bytes;
  first_timestamp_ = known.first_timestamp;
  last_timestamp_ = known.last_timestamp;
}

bool RecordScanner::Feed(std::span<const uint8_t> bytes) {
  while (!broken_) {
    if (in_record_) {
      const auto step = std::min<uint64_t>(data_left_, bytes.size());
      bytes = bytes.subspan(step);
      data_left_ -= step;
      if (data_left_ > 0) return true;
      in_record_ = false;
      whole_bytes_ += kRecordHeaderBytes + record_.captured_length;
      last_timestamp_ = record_.seconds * kNanosecondsPerSecond + record_.nanoseconds;
      if (packets_++ == 0) first_timestamp_ = last_timestamp_;
    }
    const size_t wanted = has_header_ ? kRecordHeaderBytes : kFileHeaderBytes;
    const size_t step = std::min(wanted - partial_.size(), bytes.size());
    partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(step));
    bytes = bytes.subspan(step);
    if (partial_.size() < wanted) return true;
    broken_ = !(has_header_ ? TakeRecordHeader(partial_.data()) : TakeFileHeader(partial_.data()));
    partial_.clear();
  }
  return false;
}

bool RecordScanner::TakeFileHeader(const uint8_t* bytes) {
  uint32_t magic = 0;
  std::memcpy(&magic, bytes, sizeof magic);
  std::memcpy(&snap_length_, bytes + kSnapLengthOffset, sizeof snap_length_);
  has_header_ = magic == kNanosecondMagic && snap_length_ <= kMaxSnapLength;
  if (has_header_) whole_bytes_ = kFileHeaderBytes;
  return has_header_;
}

bool RecordScanner::TakeRecordHeader(const uint8_t* bytes) {
  std::memcpy(&record_, bytes, sizeof record_);
  in_record_ = record_.seconds > 0 && record_.nanoseconds < kNanosecondsPerSecond &&
               record_.original_length > 0 && record_.captured_length <= record_.original_length &&
               record_.captured_length <= snap_length_;
  data_left_ = record_.captured_length;
  return in_record_;
}

}  // namespace pcapper

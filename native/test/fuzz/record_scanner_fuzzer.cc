// Recovery must hold for any bytes a crash may leave. What is checked is said at each line.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <tuple>

#include "engine/failure.h"
#include "engine/record_scanner.h"
#include "engine/recovery.h"
#include "test/support/files.h"

namespace pcapper {
namespace {

using Bytes = std::span<const uint8_t>;
using Result = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;

void Require(bool holds) {
  if (!holds) std::abort();
}

Result ResultOf(const RecordScanner& scanner) {
  return {scanner.packets(), scanner.whole_bytes(), scanner.first_timestamp(), scanner.last_timestamp()};
}

Result Scan(Bytes bytes) {
  RecordScanner scanner;
  scanner.Feed(bytes);
  return ResultOf(scanner);
}

// The pieces' lengths come from the input itself, so that the fuzzer can look for a bad one.
Result ScanInPieces(Bytes bytes) {
  RecordScanner scanner;
  size_t seed = 1;
  for (Bytes left = bytes; !left.empty();) {
    seed = (seed * 31 + left.front()) % 61;
    const Bytes piece = left.first(std::min(left.size(), seed));
    scanner.Feed(piece);
    left = left.subspan(piece.size());
  }
  return ResultOf(scanner);
}

// The same through a real file: cut as the scanner says, under its whole name, and nothing beside it.
void CheckRecovery(Bytes bytes, uint64_t packets, uint64_t whole_bytes) {
  static const test::TemporaryFolder folder;
  const std::string text(bytes.begin(), bytes.end());
  test::WriteFile(folder / "f.pcap.part", text);
  std::string left = text.substr(0, whole_bytes);
  try {
    const RecoveredFile recovered = RecoverFile(folder / "f.pcap.part");
    Require(recovered.what.packets == packets && recovered.what.bytes == whole_bytes);
    Require(recovered.cut_bytes == bytes.size() - whole_bytes);
    Require(packets > 0 ? test::ReadFile(folder / "f.pcap") == left : test::NamesIn(folder.path()).empty());
  } catch (const Failure&) {
    // Refused: no file of ours, left as it is.
    Require(packets == 0 && whole_bytes == 0 && test::ReadFile(folder / "f.pcap.part") == text);
  }
  for (const std::string& name : test::NamesIn(folder.path())) std::remove((folder / name).c_str());
}

}  // namespace
}  // namespace pcapper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pcapper;
  const Bytes bytes(data, size);
  const Result result = Scan(bytes);
  const auto [packets, whole_bytes, first, last] = result;
  Require(whole_bytes <= size);
  Require(packets == 0 || whole_bytes >= kFileHeaderBytes + packets * kRecordHeaderBytes);
  // Cut once, it is whole: a second look finds the same.
  Require(Scan(bytes.first(whole_bytes)) == result);
  Require(ScanInPieces(bytes) == result);
  // Files are slow: one input of eight, chosen by what it holds.
  if (std::accumulate(bytes.begin(), bytes.end(), 0u) % 8 == 0) CheckRecovery(bytes, packets, whole_bytes);
  return 0;
}

#include "engine/recovery.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/background_thread.h"
#include "engine/exclusive_rename.h"
#include "engine/failure.h"
#include "engine/record_scanner.h"
#include "engine/unique_fd.h"

namespace pcapper {
namespace {

constexpr size_t kReadBytes = 1u << 20;
constexpr std::string_view kPart = ".part";
constexpr std::string_view kNext = ".next";

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::string NameOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// The name a whole file has: without `.part`, or without the dot and `.next` of one not announced yet.
std::string WholeName(const std::string& name) {
  if (name.ends_with(kPart)) return name.substr(0, name.size() - kPart.size());
  if (name.starts_with('.') && name.ends_with(kNext)) return name.substr(1, name.size() - 1 - kNext.size());
  return name;
}

// What a crash may leave of a capture's first block: all, a piece, or zeros. Anything else was not
// written by this engine and is not its own to remove.
bool MayBeOurs(int fd, const RecordScanner& scanner) {
  std::array<uint8_t, kFileHeaderBytes> start{};
  const ssize_t bytes = pread(fd, start.data(), start.size(), 0);
  if (scanner.has_header() || bytes <= 0) return true;
  const auto end = start.begin() + bytes;
  if (std::all_of(start.begin(), end, [](uint8_t byte) { return byte == 0; })) return true;
  const auto magic = std::bit_cast<std::array<uint8_t, sizeof kNanosecondMagic>>(kNanosecondMagic);
  const auto compared = std::min<ptrdiff_t>(bytes, magic.size());
  return bytes < static_cast<ssize_t>(kFileHeaderBytes) &&
         std::equal(magic.begin(), magic.begin() + compared, start.begin());
}

// Skips what is known already. Returns the offset of the first byte that is not.
off_t SkipKnown(int fd, RecordScanner& scanner, const CapturedFile& known, off_t file_bytes) {
  std::array<uint8_t, kFileHeaderBytes> header{};
  if (known.packets == 0 || known.bytes > static_cast<uint64_t>(file_bytes)) return 0;
  if (pread(fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) return 0;
  if (!scanner.Feed(header)) return 0;
  scanner.Skip(known);
  return static_cast<off_t>(known.bytes);
}

// What was read leaves the page cache again: that is the node's, and nobody reads it twice.
RecordScanner Scan(int fd, const std::string& path, const CapturedFile& known, off_t file_bytes) {
  RecordScanner scanner;
  off_t offset = SkipKnown(fd, scanner, known, file_bytes);
  if (offset == 0) scanner = {};
  std::vector<uint8_t> buffer(kReadBytes);
  for (;;) {
    const ssize_t bytes = pread(fd, buffer.data(), buffer.size(), offset);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) throw DiskFailure(errno, "reading " + path);
    if (bytes == 0 || !scanner.Feed({buffer.data(), static_cast<size_t>(bytes)})) break;
    offset += bytes;
    posix_fadvise(fd, 0, offset, POSIX_FADV_DONTNEED);
  }
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return scanner;
}

RecoveredFile Recover(const std::string& path, const CapturedFile& known) {
  const UniqueFd folder(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw DiskFailure(errno, "opening " + path);
  const std::string name = NameOf(path);
  const std::string whole_name = WholeName(name);
  const bool unfinished = whole_name != name;
  const int access = unfinished ? O_RDWR : O_RDONLY;
  const UniqueFd file(openat(folder.get(), name.c_str(), access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) throw DiskFailure(errno, "opening " + path);
  if (!S_ISREG(about.st_mode)) throw Failure("WriteError", "opening " + path + ": it is not a file");

  const RecordScanner scanner = Scan(file.get(), path, known, about.st_size);
  RecoveredFile recovered;
  recovered.what = {.name = whole_name,
                    .packets = scanner.packets(),
                    .bytes = scanner.whole_bytes(),
                    .first_timestamp = scanner.first_timestamp(),
                    .last_timestamp = scanner.last_timestamp()};
  recovered.cut_bytes = static_cast<uint64_t>(about.st_size) - scanner.whole_bytes();
  if (!unfinished) return recovered;

  if (!MayBeOurs(file.get(), scanner)) {
    throw Failure("WriteError",
                  path + " does not start as a capture file of pcapper does; it was left as it is");
  }
  if (scanner.packets() == 0) {
    if (unlinkat(folder.get(), name.c_str(), 0) != 0) throw DiskFailure(errno, "removing " + path);
    return recovered;
  }
  if (ftruncate(file.get(), static_cast<off_t>(scanner.whole_bytes())) != 0) {
    throw DiskFailure(errno, "cutting " + path);
  }
  if (fsync(file.get()) != 0) throw DiskFailure(errno, "syncing " + path);
  ExclusiveRename(folder.get(), name, whole_name);
  if (fsync(folder.get()) != 0 && errno != EINVAL) throw DiskFailure(errno, "syncing " + FolderOf(path));
  return recovered;
}

}  // namespace

RecoveredFile RecoverFile(const std::string& path, const CapturedFile& known) {
  RecoveredFile recovered;
  std::exception_ptr failure;
  std::thread thread = StartBackgroundThread("pcapper-repair", [&] {
    try {
      recovered = Recover(path, known);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
  return recovered;
}

}  // namespace pcapper

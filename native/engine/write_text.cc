#include "engine/write_text.h"

#include <unistd.h>

#include <cerrno>

#include "engine/failure.h"

namespace pcapper {

void WriteText(int fd, const std::string& text, const std::string& name) {
  for (size_t written = 0; written < text.size();) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw DiskFailure(n < 0 ? errno : EIO, "writing " + name);
    written += static_cast<size_t>(n);
  }
}

}  // namespace pcapper

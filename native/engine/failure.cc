#include "engine/failure.h"

#include <cerrno>
#include <system_error>

namespace pcapper {

std::string ErrorText(int error) { return std::generic_category().message(error); }

Failure DiskFailure(int error, const std::string& what) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return Failure(full ? "DiskFull" : "WriteError", what + ": " + ErrorText(error));
}

}  // namespace pcapper

#pragma once

#include <stdexcept>
#include <string>

namespace pcapper {

// A failure a person will read: `reason` is a word of the reason catalogue (src/errors.ts),
// what() a sentence with the error's own text. Never thrown through libpcap's frames.
class Failure : public std::runtime_error {
 public:
  Failure(std::string reason, const std::string& message)
      : std::runtime_error(message), reason_(std::move(reason)) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

// The system's words for an errno value.
std::string ErrorText(int error);

// DiskFull for ENOSPC and EDQUOT, WriteError for all else; `what` names the file and what was tried.
Failure DiskFailure(int error, const std::string& what);

}  // namespace pcapper

#pragma once

#include <cstdint>
#include <string>

#include "engine/captured_file.h"

namespace pcapper {

struct RecoveredFile {
  CapturedFile what;
  uint64_t cut_bytes = 0;
};

// Makes a file that a crash left whole: cut to its last whole record, synced, renamed without its
// `.part` or from its hidden name; one that holds no packet is removed. A file that is whole already is
// only counted. Never follows a link. Any thread but the JavaScript one. Throws Failure.
RecoveredFile RecoverFile(const std::string& path);

}  // namespace pcapper

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
// `known`: what a manifest of the same boot vouches for, up to a record's end; it is not read again. A power
// cut may have taken of it, so after another boot nothing is known.
RecoveredFile RecoverFile(const std::string& path, const CapturedFile& known = {});

}  // namespace pcapper

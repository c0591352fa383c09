#pragma once

#include <cstdint>
#include <string>

namespace pcapper {

// A size for people, in decimal units, with the words of src/byte-size.ts: `1.05 GB`, `512 bytes`.
std::string ByteSizeText(uint64_t bytes);

}  // namespace pcapper

#pragma once

#include <string>

#include "engine/filter.h"

namespace pcapper {

// Compiles without an interface and returns the number of instructions. `link_type` is libpcap's name.
// Throws Failure InvalidFilter.
size_t CheckFilter(const std::string& expression, const std::string& link_type, int snap_length,
                   const LookupWait& wait = {});

}  // namespace pcapper

#pragma once

#include <string>

namespace pcapper {

// Renames within a folder, never over an existing name: that would be somebody's evidence. Throws Failure.
void ExclusiveRename(int folder, const std::string& from, const std::string& to);

}  // namespace pcapper

#pragma once

#include <optional>
#include <string>

#include "engine/unique_fd.h"

namespace pcapper {

// Takes flock(2) on a file, made if need be and never through a link. Nothing = somebody else holds it.
// The kernel lets go of it with the last descriptor, however the process ends. Throws Failure.
std::optional<UniqueFd> TryLock(const std::string& path);

}  // namespace pcapper

#pragma once

#include <string>

namespace pcapper {

// Writes all of it at the descriptor's place; `name` is for the error. Throws Failure.
void WriteText(int fd, const std::string& text, const std::string& name);

}  // namespace pcapper

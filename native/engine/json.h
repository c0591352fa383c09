#pragma once

#include <string>
#include <string_view>

namespace pcapper {

// A JSON string literal. UTF-8 stays as it is; bytes that are none are escaped as Latin-1: an interface
// may carry any byte in its name, and the text must stay valid JSON.
std::string JsonString(std::string_view text);

}  // namespace pcapper

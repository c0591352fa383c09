#pragma once

#include <string>
#include <string_view>

namespace pcapper {

// A JSON string literal. Bytes outside ASCII are written as Latin-1 escapes: an interface may carry any
// byte in its name, and the text must stay valid JSON.
std::string JsonString(std::string_view text);

}  // namespace pcapper

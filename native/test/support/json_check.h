#pragma once

#include <string_view>

namespace pcapper::test {

// Whether a text is exactly one JSON value (RFC 8259).
bool IsJson(std::string_view text);

}  // namespace pcapper::test

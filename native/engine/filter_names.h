#pragma once

#include <string_view>

namespace pcapper {

// Whether libpcap may ask a resolver while it compiles this expression. A yes may be wrong, a no is not.
bool MayHoldNames(std::string_view expression);

}  // namespace pcapper

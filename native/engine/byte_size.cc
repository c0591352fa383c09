#include "engine/byte_size.h"

#include <array>
#include <cstdio>

namespace pcapper {

std::string ByteSizeText(uint64_t bytes) {
  constexpr std::array kUnits{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // From here on it would be rounded to 1000.
  for (; value >= 999.995 && unit + 1 < kUnits.size(); unit++) value /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 ? "%.4g %s" : "%.3g %s", value, kUnits[unit]);
  return text;
}

}  // namespace pcapper

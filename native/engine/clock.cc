#include "engine/clock.h"

#include <algorithm>
#include <cstdio>

namespace pcapper {

int PollMilliseconds(int64_t nanoseconds) {
  constexpr int64_t kLongest = 3600 * kNanosecondsPerSecond;
  const int64_t wait = std::clamp<int64_t>(nanoseconds, 0, kLongest);
  return static_cast<int>((wait + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond);
}

std::string FormatTime(int64_t nanoseconds_since_1970) {
  if (nanoseconds_since_1970 == 0) return {};
  const time_t seconds = nanoseconds_since_1970 / kNanosecondsPerSecond;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[64];
  snprintf(text, sizeof text, "%s.%09dZ", date,
           static_cast<int>(nanoseconds_since_1970 % kNanosecondsPerSecond));
  return text;
}

int64_t ParseTime(const std::string& text) {
  tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  int fraction = 0;
  int length = 0;
  if (rest == nullptr || sscanf(rest, ".%9dZ%n", &fraction, &length) != 1 || length != 11) return 0;
  return timegm(&parts) * kNanosecondsPerSecond + fraction;
}

}  // namespace pcapper

#pragma once

#include <time.h>

#include <cstdint>
#include <string>

namespace pcapper {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;

inline int64_t ReadClock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

// Nanoseconds that no clock change moves: for ends, flushes, waits.
inline int64_t MonotonicNow() { return ReadClock(CLOCK_MONOTONIC); }

// Nanoseconds since 1970: for people.
inline int64_t RealtimeNow() { return ReadClock(CLOCK_REALTIME); }

// poll(2)'s timeout for a wait: rounded up, since waking a little early would mean waking twice, and an
// hour at most, since a longer one may not fit.
int PollMilliseconds(int64_t nanoseconds);

// RFC 3339 in UTC with nine decimals; empty for 0.
std::string FormatTime(int64_t nanoseconds_since_1970);

// What FormatTime wrote; 0 for anything else.
int64_t ParseTime(const std::string& text);

}  // namespace pcapper

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "engine/capture.h"

namespace pcapper::test {

// A capture on `near0` for a minute, under the prefix `t`.
CaptureOptions OptionsFor(const std::string& folder);

// A capture and a way to wait for what it says.
class Watched {
 public:
  explicit Watched(CaptureOptions options);

  // False after 20 s in vain.
  bool Await(const std::function<bool(const CaptureReport&)>& wanted);
  bool AwaitRunning();
  CaptureReport End();
  CaptureReport StopAndEnd();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;

 public:
  Capture capture;  // last: its threads use what is above
};

// At every end: whole files, a finished manifest, nothing hidden left, and the counts agree.
void CheckEnded(const CaptureReport& report, const std::string& folder, const std::string& reason);

}  // namespace pcapper::test

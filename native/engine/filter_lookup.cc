#include "engine/filter_lookup.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/background_thread.h"
#include "engine/failure.h"
#include "engine/unique_fd.h"

namespace pcapper {
namespace {

// Threads that nobody waits for any more: each has a small ring, and one filter may hold a thousand names.
constexpr unsigned kMostLeftBehind = 16;
std::atomic<unsigned> left_behind{0};

// What the two threads share; whoever lets go last frees it.
class Compilation {
 public:
  Compilation(std::function<PcapHandle()> open, std::string expression)
      : open_(std::move(open)), expression_(std::move(expression)), done_(eventfd(0, EFD_CLOEXEC)) {
    if (!done_) throw Failure("CaptureError", "creating an eventfd: " + ErrorText(errno));
  }

  // The thread of its own.
  void Run() {
    try {
      const PcapHandle handle = open_();
      const FilterProgram program = Compile(handle.get(), expression_);
      const std::lock_guard lock(mutex_);
      program_ = program;
    } catch (const Failure& failure) {
      Fail(failure.reason(), failure.what());
    } catch (const std::exception& error) {
      Fail("CaptureError", error.what());
    }
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      if (left_) left_behind--;
    }
    eventfd_write(done_.get(), 1);
  }

  // The caller: it waits no more.
  void Leave() {
    const std::lock_guard lock(mutex_);
    left_ = !over_;
    if (left_) left_behind++;
  }

  // The caller. Throws LookupStopped, and Failure where it takes too long.
  void Await(const LookupWait& wait) const {
    const int64_t limit = MonotonicNow() + wait.longest;
    for (;;) {
      pollfd descriptors[] = {{.fd = done_.get(), .events = POLLIN, .revents = 0},
                              {.fd = wait.stop_descriptor, .events = POLLIN, .revents = 0}};
      poll(descriptors, 2, PollMilliseconds(limit - MonotonicNow()));
      if (descriptors[0].revents != 0) return;
      if (descriptors[1].revents != 0) throw LookupStopped();
      if (MonotonicNow() >= limit) throw TooSlow(wait.longest);
    }
  }

  // The caller, after Await().
  FilterProgram Take() {
    const std::lock_guard lock(mutex_);
    if (!reason_.empty()) throw Failure(reason_, message_);
    return std::move(program_);
  }

 private:
  // Not the exception: its copies share their text, counted where ThreadSanitizer cannot see it.
  void Fail(const std::string& reason, const std::string& message) {
    const std::lock_guard lock(mutex_);
    reason_ = reason;
    message_ = message;
  }

  static Failure TooSlow(int64_t nanoseconds) {
    return Failure("InvalidFilter", "looking up its host names took longer than " +
                                        std::to_string(nanoseconds / kNanosecondsPerSecond) +
                                        " s: write addresses, or try again when DNS answers");
  }

  const std::function<PcapHandle()> open_;
  const std::string expression_;
  const UniqueFd done_;
  std::mutex mutex_;
  FilterProgram program_;
  std::string reason_;  // empty = it compiled
  std::string message_;
  bool over_ = false;
  bool left_ = false;
};

Failure TooMany() {
  return Failure("InvalidFilter",
                 "the host names of " + std::to_string(kMostLeftBehind) +
                     " filters are still being looked up, for which nobody waits any more: " +
                     "write addresses, or try again when DNS answers");
}

}  // namespace

FilterProgram CompileApart(std::function<PcapHandle()> open, std::string expression, const LookupWait& wait) {
  if (left_behind >= kMostLeftBehind) throw TooMany();
  const auto compilation = std::make_shared<Compilation>(std::move(open), std::move(expression));
  StartBackgroundThread("pcapper-names", [compilation] { compilation->Run(); }).detach();
  try {
    compilation->Await(wait);
  } catch (const std::exception&) {
    compilation->Leave();
    throw;
  }
  return compilation->Take();
}

}  // namespace pcapper

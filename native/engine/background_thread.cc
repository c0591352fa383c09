#include "engine/background_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "engine/failure.h"

namespace pcapper {
namespace {

// linux/ioprio.h: best effort, the lowest of its eight levels. Not "idle": an idle writer may starve
// for ever on a busy disk, and its packets with it.
constexpr int kIoprioWhoProcess = 1;
constexpr int kLowestBestEffort = (2 << 13) | 7;

}  // namespace

std::thread StartBackgroundThread(const char* name, std::function<void()> run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread([name, run = std::move(run)] {
      pthread_setname_np(pthread_self(), name);
      syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, kLowestBestEffort);
      run();
    });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw Failure("NotEnoughMemory", "starting a thread: " + ErrorText(error.code().value()));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace pcapper

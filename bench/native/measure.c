// measure REPORT CPU COMMAND…: runs a command on one CPU and writes what it cost as JSON. SIGINT is handed
// on, SIGTERM kills. CPU time is that of the whole process: all its threads and the children it waited for.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pace.h"

static long peak_anonymous_kib;

static void sample_memory(pid_t child) {
  char path[64], line[256];
  long kib;
  snprintf(path, sizeof path, "/proc/%d/status", child);
  FILE* status = fopen(path, "r");
  if (status == NULL) return;
  while (fgets(line, sizeof line, status) != NULL)
    if (sscanf(line, "RssAnon: %ld", &kib) == 1 && kib > peak_anonymous_kib) peak_anonymous_kib = kib;
  fclose(status);
}

static void run_child(int cpu, char** command, const sigset_t* handled) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigprocmask(SIG_UNBLOCK, handled, NULL);
  execvp(command[0], command);
  perror(command[0]);
  _exit(127);
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static int write_report(const char* path, uint64_t started_at, int status, const struct rusage* used) {
  FILE* report = fopen(path, "w");
  if (report == NULL) return perror(path), 1;
  fprintf(report,
          "{\"startedAtNs\":\"%llu\",\"userSeconds\":%.6f,\"systemSeconds\":%.6f,\"peakRssKib\":%ld,"
          "\"peakAnonymousKib\":%ld,\"preempted\":%ld,\"exitCode\":%d,\"signal\":%d}\n",
          (unsigned long long)started_at, seconds(used->ru_utime), seconds(used->ru_stime), used->ru_maxrss,
          peak_anonymous_kib, used->ru_nivcsw, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return fclose(report) == 0 ? 0 : 1;
}

int main(int count, char** arguments) {
  if (count < 4) return 2;
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGTERM);
  sigaddset(&handled, SIGCHLD);
  sigprocmask(SIG_BLOCK, &handled, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  uint64_t started_at = now_ns();
  pid_t child = fork();
  if (child < 0) return perror("measure: fork"), 1;
  if (child == 0) run_child(atoi(arguments[2]), arguments + 3, &handled);
  for (;;) {
    const struct timespec between_samples = {0, 50000000};
    int signal_number = sigtimedwait(&handled, NULL, &between_samples);
    if (signal_number == SIGINT) kill(child, SIGINT);
    if (signal_number == SIGTERM) kill(child, SIGKILL);
    sample_memory(child);
    int status;
    struct rusage used;
    if (wait4(child, &status, WNOHANG, &used) == child)
      return write_report(arguments[1], started_at, status, &used);
  }
}

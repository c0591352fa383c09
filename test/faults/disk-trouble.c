// Preloaded into an agent: the disk below the folder DISK_TROUBLE_FOLDER is slow, fails or takes no change, as the
// file DISK_TROUBLE says at the moment. For kernels without a device-mapper that would do it to a real disk; and a
// file system with files open for writing cannot be made read-only by a remount.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

// As disk-trouble.ts writes it: each number little-endian.
struct trouble {
  uint32_t error;         // errno of a call that fails; 0 = none does
  uint32_t share;         // of a thousand calls so many fail
  uint32_t milliseconds;  // each call takes so much longer
  uint32_t reach;         // 0: writing; 1: also removing names and making folders; 2: also opening for reading
};

static const volatile struct trouble* told;
static const char* below = "";
static size_t below_length;
static atomic_uint drawn;

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("DISK_TROUBLE");
  const char* folder = getenv("DISK_TROUBLE_FOLDER");
  if (path == NULL || folder == NULL) return;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* shared = mmap(NULL, sizeof(struct trouble), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) return;
  below = folder;
  below_length = strlen(folder);
  told = shared;
}

static bool is_below(const char* path) { return strncmp(path, below, below_length) == 0; }

static bool is_file_below(int file) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = 0;
  return is_below(path);
}

static bool is_name_below(int folder, const char* path) {
  return path[0] == '/' || folder == AT_FDCWD ? is_below(path) : is_file_below(folder);
}

static bool any_trouble(void) { return told != NULL && (told->error != 0 || told->milliseconds != 0); }

// A number of a fixed series: the calls that fail are the same ones, where the calls are.
static unsigned draw(void) {
  uint32_t x = atomic_fetch_add(&drawn, 1) * 2654435761u;
  x ^= x >> 15;
  x *= 2246822519u;
  return x ^ x >> 13;
}

// Whether the call is to fail; errno says with what.
static bool fails(void) {
  struct trouble now = *told;
  if (now.milliseconds > 0) {
    struct timespec late = {now.milliseconds / 1000, (long)(now.milliseconds % 1000) * 1000000};
    nanosleep(&late, NULL);
  }
  if (now.error == 0 || draw() % 1000 >= now.share) return false;
  errno = (int)now.error;
  return true;
}

#define NEXT(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)
#define ON_FILE(type, name, parameters, ...)                                  \
  type name parameters {                                                      \
    if (any_trouble() && is_file_below(file) && fails()) return -1;           \
    return NEXT(name, __VA_ARGS__);                                           \
  }
#define ON_NAME(name, folder, parameters, ...)                                                        \
  int name parameters {                                                                               \
    if (any_trouble() && told->reach > 0 && is_name_below(folder, path) && fails()) return -1;       \
    return NEXT(name, __VA_ARGS__);                                                                   \
  }
#define ON_RENAME(name, folder, parameters, ...)                                \
  int name parameters {                                                         \
    if (any_trouble() && is_name_below(folder, from) && fails()) return -1;     \
    return NEXT(name, __VA_ARGS__);                                             \
  }

ON_FILE(ssize_t, write, (int file, const void* data, size_t bytes), file, data, bytes)
ON_FILE(ssize_t, pwrite, (int file, const void* data, size_t bytes, off_t at), file, data, bytes, at)
ON_FILE(ssize_t, pwrite64, (int file, const void* data, size_t bytes, off64_t at), file, data, bytes, at)
ON_FILE(int, ftruncate, (int file, off_t bytes), file, bytes)
ON_FILE(int, ftruncate64, (int file, off64_t bytes), file, bytes)
ON_FILE(int, fsync, (int file), file)
ON_FILE(int, fdatasync, (int file), file)
ON_RENAME(rename, AT_FDCWD, (const char* from, const char* to), from, to)
ON_RENAME(renameat, folder, (int folder, const char* from, int to_folder, const char* to), folder, from,
          to_folder, to)
ON_RENAME(renameat2, folder,
          (int folder, const char* from, int to_folder, const char* to, unsigned flags), folder, from,
          to_folder, to, flags)
ON_NAME(unlink, AT_FDCWD, (const char* path), path)
ON_NAME(unlinkat, folder, (int folder, const char* path, int flags), folder, path, flags)
ON_NAME(rmdir, AT_FDCWD, (const char* path), path)
ON_NAME(mkdir, AT_FDCWD, (const char* path, mode_t mode), path, mode)

static bool open_fails(int folder, const char* path, int flags) {
  if (!any_trouble() || !is_name_below(folder, path)) return false;
  const bool to_write = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  return (to_write || told->reach > 1) && fails();
}

#define ON_OPEN(name, folder, parameters, ...)                \
  int name parameters {                                       \
    mode_t mode = 0;                                          \
    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {             \
      va_list rest;                                           \
      va_start(rest, flags);                                  \
      mode = va_arg(rest, mode_t);                            \
      va_end(rest);                                           \
    }                                                         \
    if (open_fails(folder, path, flags)) return -1;           \
    return NEXT(name, __VA_ARGS__, flags, mode);              \
  }

ON_OPEN(open, AT_FDCWD, (const char* path, int flags, ...), path)
ON_OPEN(open64, AT_FDCWD, (const char* path, int flags, ...), path)
ON_OPEN(openat, folder, (int folder, const char* path, int flags, ...), folder, path)
ON_OPEN(openat64, folder, (int folder, const char* path, int flags, ...), folder, path)

#include "engine/file_lock.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "engine/failure.h"
#include "test/support/files.h"

namespace pcapper {

using test::Exists;
using test::TemporaryFolder;
using test::WriteFile;

TEST_CASE("a lock is held by one at a time, and free again with its descriptor") {
  const TemporaryFolder folder;
  std::optional<UniqueFd> first = TryLock(folder / "lock");
  REQUIRE(first.has_value());
  CHECK_FALSE(TryLock(folder / "lock").has_value());
  first.reset();
  CHECK(TryLock(folder / "lock").has_value());
}

TEST_CASE("a lock on a file that was removed locks nothing: the next one makes its own") {
  const TemporaryFolder folder;
  const std::optional<UniqueFd> first = TryLock(folder / "lock");
  std::filesystem::remove(folder / "lock");
  CHECK(TryLock(folder / "lock").has_value());
  CHECK(Exists(folder / "lock"));
}

TEST_CASE("a lock never follows a link, and needs its folder") {
  const TemporaryFolder folder;
  WriteFile(folder / "precious", "x");
  std::filesystem::create_symlink(folder / "precious", folder / "lock");
  CHECK_THROWS_AS(TryLock(folder / "lock"), Failure);
  CHECK_THROWS_AS(TryLock(folder / "missing/lock"), Failure);
}

}  // namespace pcapper

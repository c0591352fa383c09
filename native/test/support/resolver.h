#pragma once

#include <cstddef>
#include <string>

#include "engine/unique_fd.h"
#include "test/support/files.h"

namespace pcapper::test {

// While it lives, host names are looked up in a hosts file of its own and then with a DNS server of its own,
// on lo of this namespace, which hears all questions and answers none until it is told to. Needs
// HasNamespaces().
class SilentResolver {
 public:
  explicit SilentResolver(const std::string& hosts = {});  // text of /etc/hosts
  ~SilentResolver();
  SilentResolver(const SilentResolver&) = delete;
  SilentResolver& operator=(const SilentResolver&) = delete;

  bool IsAsked() const;
  // False after 10 s without a question.
  bool AwaitQuestion() const;
  // Says "no such name" to all questions, until no look-up of a filter's names runs. False after 10 s in
  // vain.
  bool Deny() const;

 private:
  bool Heard(int milliseconds) const;
  void Mount(const std::string& name, const std::string& text);

  TemporaryFolder files_;
  UniqueFd server_;
};

// How many threads of this process look a filter's names up.
size_t Lookups();
// Whether one does.
bool LookupRuns();

}  // namespace pcapper::test

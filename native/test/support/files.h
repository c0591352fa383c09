#pragma once

#include <string>
#include <vector>

namespace pcapper::test {

// A folder that goes with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);  // empty where it cannot be read
void WriteFile(const std::string& path, const std::string& text);
bool Exists(const std::string& path);
// Names in a folder, hidden ones too, sorted.
std::vector<std::string> NamesIn(const std::string& folder);

}  // namespace pcapper::test

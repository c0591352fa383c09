#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/file_keeper.h"

namespace pcapper::test {

Manifest MakeManifest();

// What a capture that kept so many files, each of one packet, left to the next life.
Manifest MakeEarlierLife(const std::string& folder, uint32_t files);

// What a capture thread does with a keeper, without packets from a network.
struct Ring {
  Ring(const std::string& folder, uint32_t file_count, const Manifest& manifest = MakeManifest());

  void Start() { file = keeper.Start(); }
  std::string Name(uint32_t number) const;
  // Writes so many packets into the current file.
  CapturedFile Fill(uint32_t packets);
  bool Turn(uint32_t packets);
  CaptureEnd Finish(uint32_t packets);
  std::string ManifestText() const;

  std::string path;
  FileKeeper keeper;
  OpenFile file;
  Statistics counted;
};

bool Has(std::string_view text, std::string_view part);

// False after 10 s in vain.
bool Await(const std::function<bool()>& wanted);

}  // namespace pcapper::test

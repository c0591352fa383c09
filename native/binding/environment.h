#pragma once

#include <napi.h>

#include <memory>
#include <set>

namespace pcapper {

class RunningCapture;

// All captures of one JavaScript environment (the main thread or a worker). When that goes, however it
// goes, its captures are stopped and closed first.
struct Environment {
  std::set<std::shared_ptr<RunningCapture>> captures;
};

// Makes the environment's Environment, and sees to its end.
void BeginEnvironment(Napi::Env env);

}  // namespace pcapper

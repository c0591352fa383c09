#pragma once

#include <functional>
#include <thread>

namespace pcapper {

// Starts a thread that takes no signals (they are Node's) and whose disk work gives way to others'.
std::thread StartBackgroundThread(const char* name, std::function<void()> run);

}  // namespace pcapper

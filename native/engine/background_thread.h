#pragma once

#include <functional>
#include <thread>

namespace pcapper {

// Starts a thread that takes no signals (they are Node's) and whose disk work gives way to others'.
// Throws Failure NotEnoughMemory where the system has no thread left.
std::thread StartBackgroundThread(const char* name, std::function<void()> run);

}  // namespace pcapper

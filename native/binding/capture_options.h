#pragma once

#include "binding/options.h"
#include "engine/capture.h"
#include "engine/captured_file.h"

namespace pcapper {

// What JavaScript wants, as the engine's plain data. They throw TypeError and RangeError.
CaptureOptions ToCaptureOptions(const Options& options);
CapturedFile ToCapturedFile(const Options& file);

}  // namespace pcapper

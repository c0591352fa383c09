#include "engine/manifest.h"

#include <stdio.h>

#include "engine/clock.h"
#include "engine/json.h"

namespace pcapper {
namespace {

std::string Field(const char* name, const std::string& value) {
  return JsonString(name) + ":" + JsonString(value);
}

std::string Field(const char* name, uint64_t value) { return JsonString(name) + ":" + std::to_string(value); }

std::string ToJson(const CapturedFile& file) {
  return "{" + Field("name", file.name) + "," + Field("number", file.number) + "," +
         Field("packets", file.packets) + "," + Field("bytes", file.bytes) + "," +
         Field("firstTimestamp", FormatTime(file.first_timestamp)) + "," +
         Field("lastTimestamp", FormatTime(file.last_timestamp)) + "}";
}

std::string ToJson(const Statistics& counted) {
  return "{" + Field("packets", counted.packets) + "," + Field("bytes", counted.bytes) + "," +
         Field("files", counted.files) + "," + Field("filesRemoved", counted.files_removed) + "," +
         Field("dropped", counted.dropped()) + "," + Field("droppedByKernel", counted.dropped_by_kernel) +
         "," + Field("droppedByInterface", counted.dropped_by_interface) + "," +
         Field("droppedOnWrite", counted.dropped_on_write) + "}";
}

std::string MonotonicStart(const Manifest& manifest) {
  if (manifest.monotonic_start == 0) return "";
  char seconds[32];
  snprintf(seconds, sizeof seconds, "%.3f", static_cast<double>(manifest.monotonic_start) / 1e9);
  return std::string("\"monotonicStart\":") + seconds + ",\n";
}

}  // namespace

std::string WithGap(const std::string& gaps, const std::string& from, int64_t to) {
  const std::string before = gaps.substr(0, gaps.rfind(']'));
  return before + (before == "[" ? "{" : ",{") + Field("from", from) + "," + Field("to", FormatTime(to)) +
         "}]";
}

std::string ToJson(const Manifest& manifest) {
  std::string text = "{" + Field("manifest", "pcapper/v1") + ",\n\"capture\":" + manifest.head +
                     ",\n\"interface\":{" + Field("name", manifest.interface.name) + "," +
                     Field("index", static_cast<uint64_t>(manifest.interface.index)) + "," +
                     Field("linkType", manifest.interface.link_type) + "},\n" +
                     Field("startTime", FormatTime(manifest.start_time)) + ",\n" + MonotonicStart(manifest) +
                     Field("reservedThrough", manifest.reserved_through) + ",\n\"files\":[";
  const char* separator = "\n";
  for (const CapturedFile& file : manifest.files) {
    text += separator + ToJson(file);
    separator = ",\n";
  }
  text += "],\n";
  if (manifest.current) text += "\"current\":" + ToJson(*manifest.current) + ",\n";
  text += "\"removed\":{" + Field("files", manifest.statistics.files_removed) + "," +
          Field("packets", manifest.statistics.packets_removed);
  if (manifest.removed_through != 0) {
    text += "," + Field("lastTimestamp", FormatTime(manifest.removed_through));
  }
  text += "},\n\"statistics\":" + ToJson(manifest.statistics) + ",\n\"gaps\":" + manifest.gaps + ",\n" +
          Field("updatedTime", FormatTime(manifest.updated_time));
  if (manifest.captured_through != 0) {
    text += ",\n" + Field("capturedThrough", FormatTime(manifest.captured_through));
  }
  if (manifest.finished) {
    text += ",\n\"finished\":{" + Field("reason", manifest.finished->reason) + "," +
            Field("message", manifest.finished->message) + "," +
            Field("time", FormatTime(manifest.finished->time)) + "}";
  }
  return text + "}\n";
}

}  // namespace pcapper

#include "binding/capture_options.h"

#include <cmath>

#include "engine/clock.h"
#include "engine/pcap_format.h"

namespace pcapper {
namespace {

Statistics ToStatistics(const Options& counted) {
  return {.packets = counted.Count("packets"),
          .bytes = counted.Count("bytes"),
          .files = counted.Count("files"),
          .files_removed = counted.Count("filesRemoved"),
          .packets_removed = counted.Count("packetsRemoved"),
          .dropped_by_kernel = counted.Count("droppedByKernel"),
          .dropped_by_interface = counted.Count("droppedByInterface"),
          .dropped_on_write = counted.Count("droppedOnWrite")};
}

std::optional<EarlierLife> ToEarlierLife(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  const Options options(value);
  EarlierLife earlier{.start_time = ParseTime(options.Text("startTime")),
                      .monotonic_start = std::llround(options.Number("monotonicStart") * 1e9),
                      .next_number = options.SmallCount("nextNumber"),
                      .files = {},
                      .statistics = ToStatistics(Options(options.Value("statistics"))),
                      .removed_through = ParseTime(options.Text("removedThrough")),
                      .gaps = options.Text("gaps"),
                      .gap_from = options.Text("gapFrom")};
  const Napi::Array files = options.Value("files").As<Napi::Array>();
  for (uint32_t i = 0; i < files.Length(); i++) {
    earlier.files.push_back(ToCapturedFile(Options(files.Get(i))));
  }
  return earlier;
}

FreeDiskLimit ToFreeDiskLimit(const Options& limit) {
  return {.bytes = limit.Count("bytes"), .percent = limit.Number("percent"), .text = limit.Text("text")};
}

// A file that cannot hold one packet would have to be larger than its limit.
uint64_t ToMaxFileBytes(const Options& options) {
  const uint64_t bytes = options.Count("maxFileSize");
  if (bytes >= kFileHeaderBytes + kRecordHeaderBytes + options.Count("snapLength")) return bytes;
  throw Napi::RangeError::New(options.Env(), "maxFileSize must hold one packet: snapLength + 40 bytes");
}

}  // namespace

CapturedFile ToCapturedFile(const Options& file) {
  return {.name = file.Text("name"),
          .number = file.SmallCount("number"),
          .packets = file.Count("packets"),
          .bytes = file.Count("bytes"),
          .first_timestamp = ParseTime(file.Text("firstTimestamp")),
          .last_timestamp = ParseTime(file.Text("lastTimestamp"))};
}

CaptureOptions ToCaptureOptions(const Options& options) {
  return {.network_namespace = options.Text("networkNamespace"),
          .network_namespace_id = options.Text("namespaceId"),
          .interface_name = options.Text("interfaceName"),
          .filter = options.Text("filter"),
          .snap_length = options.SmallCount("snapLength"),
          .promiscuous = options.Flag("promiscuous"),
          .ring_bytes = options.Count("ringBytes"),
          .capture_seconds = options.Number("captureSeconds"),
          .packet_count = options.Count("packetCount"),
          .folder = options.Text("folder"),
          .file_prefix = options.Text("filePrefix"),
          .max_file_bytes = ToMaxFileBytes(options),
          .file_count = options.SmallCount("fileCount"),
          .max_write_rate = options.Count("maxWriteRate"),
          .min_free_disk = ToFreeDiskLimit(Options(options.Value("minFreeDisk"))),
          .manifest_head = options.Text("manifestHead"),
          .earlier = ToEarlierLife(options.Value("earlier"))};
}

}  // namespace pcapper

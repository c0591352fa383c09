// The only file that knows Node. It turns JavaScript values into the engine's plain data and back;
// everything in it runs on the JavaScript thread unless it says otherwise.
#include <napi.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/capture.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/file_lock.h"
#include "engine/filter.h"
#include "engine/network_namespace.h"
#include "engine/open_interface.h"
#include "engine/recovery.h"

namespace pcapper {
namespace {

Napi::Error ToError(Napi::Env env, const std::string& reason, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, reason));
  return error;
}

double ToMilliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds / kNanosecondsPerMillisecond);
}

// Options are read by name; a missing or mistyped one is a programming error of ours.
class Options {
 public:
  explicit Options(const Napi::Value& value) {
    if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "options must be an object");
    object_ = value.As<Napi::Object>();
  }
  Napi::Env Env() const { return object_.Env(); }
  std::string Text(const char* name) const {
    return Get(name, &Napi::Value::IsString, "a string").ToString();
  }
  bool Flag(const char* name) const { return Get(name, &Napi::Value::IsBoolean, "a boolean").ToBoolean(); }
  double Number(const char* name) const {
    return Get(name, &Napi::Value::IsNumber, "a number").ToNumber().DoubleValue();
  }
  Napi::Value Value(const char* name) const { return object_.Get(name); }
  uint64_t Count(const char* name) const {
    const double number = Number(name);
    if (!(number >= 0 && number <= 9007199254740991.0)) {
      throw Napi::RangeError::New(object_.Env(),
                                  std::string(name) + " must be a whole number from 0 to 2^53 - 1");
    }
    return static_cast<uint64_t>(number);
  }

 private:
  Napi::Value Get(const char* name, bool (Napi::Value::*is)() const, const char* expected) const {
    const Napi::Value value = object_.Get(name);
    if (!(value.*is)()) {
      throw Napi::TypeError::New(object_.Env(), std::string(name) + " must be " + expected);
    }
    return value;
  }
  Napi::Object object_;
};

CapturedFile ToCapturedFile(const Options& file) {
  return {.name = file.Text("name"),
          .number = static_cast<uint32_t>(file.Count("number")),
          .packets = file.Count("packets"),
          .bytes = file.Count("bytes"),
          .first_timestamp = ParseTime(file.Text("firstTimestamp")),
          .last_timestamp = ParseTime(file.Text("lastTimestamp"))};
}

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
                      .next_number = static_cast<uint32_t>(options.Count("nextNumber")),
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

// A file that cannot hold one packet would have to be larger than its limit.
uint64_t ToMaxFileBytes(const Options& options) {
  const uint64_t bytes = options.Count("maxFileSize");
  if (bytes >= kFileHeaderBytes + kRecordHeaderBytes + options.Count("snapLength")) return bytes;
  throw Napi::RangeError::New(options.Env(), "maxFileSize must hold one packet: snapLength + 40 bytes");
}

CaptureOptions ToCaptureOptions(const Options& options) {
  return {.network_namespace = options.Text("networkNamespace"),
          .network_namespace_id = options.Text("namespaceId"),
          .interface_name = options.Text("interfaceName"),
          .filter = options.Text("filter"),
          .snap_length = static_cast<uint32_t>(options.Count("snapLength")),
          .promiscuous = options.Flag("promiscuous"),
          .ring_bytes = options.Count("ringBytes"),
          .capture_seconds = options.Number("captureSeconds"),
          .packet_count = options.Count("packetCount"),
          .folder = options.Text("folder"),
          .file_prefix = options.Text("filePrefix"),
          .max_file_bytes = ToMaxFileBytes(options),
          .file_count = static_cast<uint32_t>(options.Count("fileCount")),
          .max_write_rate = options.Count("maxWriteRate"),
          .manifest_head = options.Text("manifestHead"),
          .earlier = ToEarlierLife(options.Value("earlier"))};
}

Napi::Object ToObject(Napi::Env env, const OpenedInterface& interface) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", interface.name);
  object.Set("index", interface.index);
  object.Set("linkType", interface.link_type);
  return object;
}

Napi::Object ToObject(Napi::Env env, const Statistics& counted) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) { object.Set(name, static_cast<double>(value)); };
  set("packets", counted.packets);
  set("bytes", counted.bytes);
  set("files", counted.files);
  set("filesRemoved", counted.files_removed);
  set("packetsRemoved", counted.packets_removed);
  set("droppedByKernel", counted.dropped_by_kernel);
  set("droppedByInterface", counted.dropped_by_interface);
  set("droppedOnWrite", counted.dropped_on_write);
  return object;
}

const char* ToWord(CaptureState state) {
  switch (state) {
    case CaptureState::kOpening:
      return "opening";
    case CaptureState::kRunning:
      return "running";
    case CaptureState::kClosing:
      return "closing";
    case CaptureState::kEnded:
      return "ended";
  }
  return "ended";
}

Napi::Object ToObject(Napi::Env env, const CaptureReport& report) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", ToWord(report.state));
  if (report.interface) object.Set("interface", ToObject(env, *report.interface));
  Napi::Array warnings = Napi::Array::New(env);
  for (const std::string& warning : report.warnings) warnings.Set(warnings.Length(), warning);
  object.Set("warnings", warnings);
  object.Set("statistics", ToObject(env, report.statistics));
  object.Set("currentFile", report.current_file);
  object.Set("bytesOnDisk", static_cast<double>(report.bytes_on_disk));
  object.Set("startTime", ToMilliseconds(report.start_time));
  object.Set("resumedTime", ToMilliseconds(report.resumed_time));
  object.Set("endTime", ToMilliseconds(report.end_time));
  if (report.end) {
    Napi::Object end = Napi::Object::New(env);
    end.Set("reason", report.end->reason);
    end.Set("message", report.end->message);
    object.Set("end", end);
  }
  return object;
}

class RunningCapture;

// All captures of one JavaScript environment (the main thread or a worker). When that goes, however it
// goes, its captures are stopped and closed first.
struct Environment {
  std::set<std::shared_ptr<RunningCapture>> captures;
};

// A capture and its way back to JavaScript: a queue of one call, and the call reads the newest report,
// so nothing grows while JavaScript is busy.
class RunningCapture : public std::enable_shared_from_this<RunningCapture> {
 public:
  static std::shared_ptr<RunningCapture> Start(Napi::Env env, CaptureOptions options, bool suspend_at_exit,
                                               const Napi::Function& on_change) {
    const auto running = std::make_shared<RunningCapture>();
    running->suspend_at_exit_ = suspend_at_exit;
    running->queue_ =
        Queue::New(env, on_change, "pcapper", 1, 1, running.get(), LetGo, static_cast<void*>(nullptr));
    // The queue may deliver a last call after Close(): it keeps its context until it is finalized.
    running->until_finalized_ = running;
    // A capture does not hold the process: its owner decides how long to live.
    running->queue_.Unref(env);
    try {
      running->capture_ =
          std::make_unique<Capture>(std::move(options), [self = running.get()] { self->Notify(); });
    } catch (const Failure& failure) {
      // No thread, no descriptor left. Any exception but Napi::Error would end the process.
      running->queue_.Release();
      throw ToError(env, failure.reason(), failure.what());
    }
    env.GetInstanceData<Environment>()->captures.insert(running);
    return running;
  }

  void Stop(const std::string& reason, const std::string& message) {
    if (capture_) capture_->Stop(reason, message);
  }
  void Suspend() {
    if (capture_) capture_->Suspend();
  }
  // The process, or the environment, goes: with it the capture ends, or it is left to the next process.
  void EndWithEnvironment() {
    if (suspend_at_exit_) return Suspend();
    Stop("Interrupted", "the process ended");
  }
  CaptureReport Report() const { return capture_ ? capture_->Report() : last_; }

  // From now on JavaScript hears nothing more: its loop is gone, and the queue may not be touched.
  void Silence() {
    const std::lock_guard lock(queue_mutex_);
    queue_open_ = false;
  }

  // Waits for the threads: at once after `ended`, for the time of a clean close before.
  void Close() {
    if (!capture_) return;
    EndWithEnvironment();
    capture_->Join();
    last_ = capture_->Report();
    capture_.reset();
    const std::lock_guard lock(queue_mutex_);
    if (queue_open_) queue_.Release();
    queue_open_ = false;
  }

 private:
  // The engine's threads. Once the queue answers that it closes, it may be gone at the next call.
  void Notify() {
    const std::lock_guard lock(queue_mutex_);
    if (queue_open_ && queue_.NonBlockingCall() == napi_closing) queue_open_ = false;
  }

  static void LetGo(Napi::Env, void*, RunningCapture* self) { self->until_finalized_.reset(); }

  static void OnQueue(Napi::Env env, Napi::Function on_change, RunningCapture* self, void*) {
    // No environment: the queue is being torn down, and Close() has been here.
    if (env == nullptr || self == nullptr) return;
    const auto keep = self->shared_from_this();
    const CaptureReport report = self->Report();
    if (report.state == CaptureState::kEnded) {
      self->Close();
      env.GetInstanceData<Environment>()->captures.erase(keep);
    }
    try {
      on_change.Call({ToObject(env, report)});
    } catch (const Napi::Error& error) {
      // Left to Node-API 9, it would become a warning.
      napi_fatal_exception(env, error.Value());
    }
  }

  using Queue = Napi::TypedThreadSafeFunction<RunningCapture, void, OnQueue>;

  std::mutex queue_mutex_;
  Queue queue_;
  bool queue_open_ = true;
  std::shared_ptr<RunningCapture> until_finalized_;
  std::unique_ptr<Capture> capture_;
  bool suspend_at_exit_ = false;
  CaptureReport last_;
};

Napi::Value StartCapture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "onChange must be a function");
  const Options options(info[0]);
  const auto running = RunningCapture::Start(env, ToCaptureOptions(options), options.Flag("suspendAtExit"),
                                             info[1].As<Napi::Function>());
  Napi::Object object = Napi::Object::New(env);
  object.Set("stop", Napi::Function::New(env, [running](const Napi::CallbackInfo& call) {
               running->Stop(call[0].ToString(), call[1].ToString());
             }));
  object.Set("suspend",
             Napi::Function::New(env, [running](const Napi::CallbackInfo&) { running->Suspend(); }));
  object.Set("report", Napi::Function::New(env, [running](const Napi::CallbackInfo& call) -> Napi::Value {
               return ToObject(call.Env(), running->Report());
             }));
  return object;
}

// One slow piece of work on libuv's pool, as a promise.
template <typename Result>
class Background : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Present = std::function<Napi::Value(Napi::Env, const Result&)>;

  static Napi::Promise Run(Napi::Env env, Work work, Present present) {
    auto worker = std::make_unique<Background>(env, std::move(work), std::move(present));
    const Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    // From here libuv owns it; AsyncWorker deletes itself when it is done.
    static_cast<void>(worker.release());
    return promise;
  }

  Background(Napi::Env env, Work work, Present present)
      : Napi::AsyncWorker(env), deferred_(env), work_(std::move(work)), present_(std::move(present)) {}

 private:
  // A thread of the pool.
  void Execute() override {
    try {
      result_ = work_();
    } catch (const Failure& failure) {
      reason_ = failure.reason();
      SetError(failure.what());
    }
  }
  void OnOK() override { deferred_.Resolve(present_(Env(), *result_)); }
  void OnError(const Napi::Error& error) override {
    deferred_.Reject(ToError(Env(), reason_.empty() ? "CaptureError" : reason_, error.Message()).Value());
  }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Present present_;
  std::optional<Result> result_;
  std::string reason_;
};

Napi::Value CompileFilterLater(const Napi::CallbackInfo& info) {
  const std::string expression = info[0].ToString();
  const std::string link_type = info[1].ToString();
  const int snap_length = info[2].ToNumber();
  return Background<unsigned>::Run(
      info.Env(), [=] { return CompileFilter(expression, link_type, snap_length); },
      [](Napi::Env env, const unsigned& instructions) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("instructions", instructions);
        return object;
      });
}

Napi::Value TryOpen(const Napi::CallbackInfo& info) {
  const Options options(info[0]);
  SourceOptions source{.network_namespace = options.Text("networkNamespace"),
                       .network_namespace_id = {},
                       .interface_name = options.Text("interfaceName"),
                       .interface_index = 0,
                       .loopback = false,
                       .filter = options.Text("filter"),
                       .snap_length = static_cast<uint32_t>(options.Count("snapLength")),
                       .promiscuous = options.Flag("promiscuous"),
                       .ring_bytes = 1 << 20};
  return Background<OpenedInterface>::Run(
      info.Env(), [source] { return ProbeInterface(source); },
      [](Napi::Env env, const OpenedInterface& interface) -> Napi::Value {
        return ToObject(env, interface);
      });
}

Napi::Value RecoverFileLater(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  CapturedFile known;
  if (info[1].IsObject()) known = ToCapturedFile(Options(info[1]));
  return Background<RecoveredFile>::Run(
      info.Env(), [path, known] { return RecoverFile(path, known); },
      [](Napi::Env env, const RecoveredFile& recovered) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("packets", static_cast<double>(recovered.what.packets));
        object.Set("bytes", static_cast<double>(recovered.what.bytes));
        object.Set("cutBytes", static_cast<double>(recovered.cut_bytes));
        object.Set("firstTimestamp", FormatTime(recovered.what.first_timestamp));
        object.Set("lastTimestamp", FormatTime(recovered.what.last_timestamp));
        return object;
      });
}

Napi::Object ToObject(Napi::Env env, const NamespaceInterface& interface) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", interface.name);
  object.Set("index", interface.index);
  object.Set("up", interface.up);
  object.Set("loopback", interface.loopback);
  Napi::Array addresses = Napi::Array::New(env);
  for (const std::string& address : interface.addresses) addresses.Set(addresses.Length(), address);
  object.Set("addresses", addresses);
  return object;
}

Napi::Value InterfacesInLater(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  return Background<std::vector<NamespaceInterface>>::Run(
      info.Env(), [path] { return InterfacesIn(path); },
      [](Napi::Env env, const std::vector<NamespaceInterface>& interfaces) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env);
        for (const NamespaceInterface& interface : interfaces) {
          array.Set(array.Length(), ToObject(env, interface));
        }
        return array;
      });
}

Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    std::optional<UniqueFd> taken = TryLock(info[0].ToString());
    if (!taken) return env.Null();
    const auto lock = std::make_shared<UniqueFd>(*std::move(taken));
    Napi::Object object = Napi::Object::New(env);
    object.Set("release", Napi::Function::New(env, [lock](const Napi::CallbackInfo&) { lock->Close(); }));
    return object;
  } catch (const Failure& failure) {
    throw ToError(env, failure.reason(), failure.what());
  }
}

Napi::Value FileSystemRoom(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].ToString();
  struct statvfs room {};
  if (statvfs(path.c_str(), &room) != 0) {
    throw ToError(env, "WriteError", "asking for the room at " + path + ": " + ErrorText(errno));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("free", static_cast<double>(room.f_bavail) * static_cast<double>(room.f_frsize));
  object.Set("size", static_cast<double>(room.f_blocks) * static_cast<double>(room.f_frsize));
  // A file system without a fixed number of inodes (btrfs) reports none at all.
  object.Set("freeInodes", room.f_files == 0 ? 9007199254740991.0 : static_cast<double>(room.f_favail));
  return object;
}

Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString();
  return Napi::Number::New(info.Env(), if_nametoindex(name.c_str()));
}

Napi::Value LibpcapVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), pcap_lib_version());
}

void CloseCaptures(Environment& environment) {
  for (const auto& running : environment.captures) running->EndWithEnvironment();
  for (const auto& running : environment.captures) running->Close();
  environment.captures.clear();
}

// Environments whose clean-up hook has not run. process.exit() and an uncaught exception end a process
// without the hooks of its main thread, but by exit(3), which destroys this.
class LiveEnvironments {
 public:
  void Add(Environment* environment) {
    const std::lock_guard lock(mutex_);
    environments_.insert(environment);
  }
  void Remove(Environment* environment) {
    const std::lock_guard lock(mutex_);
    environments_.erase(environment);
  }
  ~LiveEnvironments() {
    for (Environment* environment : environments_) {
      for (const auto& running : environment->captures) running->Silence();
      CloseCaptures(*environment);
    }
  }

 private:
  std::mutex mutex_;
  std::set<Environment*> environments_;
};

LiveEnvironments& Live() {
  static LiveEnvironments live;
  return live;
}

// The environment goes, by return or worker.terminate(): whole files first.
void CloseAll(Environment* environment) {
  Live().Remove(environment);
  CloseCaptures(*environment);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>();
  Live().Add(environment.get());
  env.AddCleanupHook(CloseAll, environment.get());
  // The environment's instance data owns it and deletes it after the hooks.
  env.SetInstanceData(environment.release());
  exports.Set("startCapture", Napi::Function::New(env, StartCapture));
  exports.Set("tryOpen", Napi::Function::New(env, TryOpen));
  exports.Set("compileFilter", Napi::Function::New(env, CompileFilterLater));
  exports.Set("recoverFile", Napi::Function::New(env, RecoverFileLater));
  exports.Set("tryLock", Napi::Function::New(env, TryLockFile));
  exports.Set("fileSystemRoom", Napi::Function::New(env, FileSystemRoom));
  exports.Set("interfaceIndex", Napi::Function::New(env, InterfaceIndex));
  exports.Set("interfacesIn", Napi::Function::New(env, InterfacesInLater));
  exports.Set("libpcapVersion", Napi::Function::New(env, LibpcapVersion));
  return exports;
}

NODE_API_MODULE(pcapper, Init)

}  // namespace
}  // namespace pcapper

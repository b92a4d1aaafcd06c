#include "tests/support/kubelet/kubelet.h"

#include <algorithm>
#include <device_plugin.grpc.pb.h>
#include <filesystem>
#include <grpcpp/grpcpp.h>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

namespace catena::test {
namespace {

constexpr const char* kHealthy = "Healthy";

void remove_sockets(const std::string& directory) {
  std::filesystem::create_directories(directory);
  std::vector<std::filesystem::path> sockets;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_socket()) {
      sockets.push_back(entry.path());
    }
  }
  for (const auto& path : sockets) {
    std::filesystem::remove(path);
  }
}

}  // namespace

class Kubelet::Registrar final : public v1beta1::Registration::Service {
 public:
  explicit Registrar(Kubelet& kubelet) : kubelet_(kubelet) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + kubelet.directory_ + "/kubelet.sock",
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    EXPECT_NE(server_, nullptr) << "can't listen in " << kubelet.directory_;
  }
  ~Registrar() override {
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
      server_->Wait();
    }
  }
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;
  Registrar(Registrar&&) = delete;
  Registrar& operator=(Registrar&&) = delete;

  // Answers once it is connected with the plugin, as kubelet has done since 1.25.
  grpc::Status Register(grpc::ServerContext* /*context*/, const v1beta1::RegisterRequest* request,
                        v1beta1::Empty* /*answer*/) override {
    if (request->version() != "v1beta1") {
      return {grpc::StatusCode::INVALID_ARGUMENT, "version '" + request->version() + "'"};
    }
    const std::string why = kubelet_.enter(request->endpoint(), request->resource_name());
    return why.empty() ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNKNOWN, why);
  }

 private:
  Kubelet& kubelet_;
  std::unique_ptr<grpc::Server> server_;
};

Kubelet::Kubelet(std::string directory, Options options)
    : directory_(std::move(directory)),
      options_(std::move(options)),
      allocated_(read_checkpoint(directory_ + "/" + kCheckpointName)) {
  remove_sockets(directory_);
  registrar_ = std::make_unique<Registrar>(*this);
}

Kubelet::~Kubelet() {
  registrar_.reset();
  former_.clear();
  plugin_.reset();
}

// Empty, or why not.
std::string Kubelet::enter(const std::string& endpoint, const std::string& resource) {
  if (!options_.refusal.empty()) {
    return options_.refusal;
  }
  std::shared_ptr<PluginCaller> caller;
  try {
    caller = std::make_shared<PluginCaller>(directory_ + "/" + endpoint, options_.authority);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  if (caller->get_options() != 0) {
    return "GetDevicePluginOptions failed";
  }
  {
    const std::scoped_lock lock(mutex_);
    ++registrations_;
    last_endpoint_ = endpoint;
    if (plugin_ != nullptr) {
      former_.push_back(std::move(plugin_));
    }
    plugin_ = caller;
  }
  const PluginCaller* const from = caller.get();
  caller->watch(
      [this, resource, from](const DeviceHealth* devices) { take_list(resource, from, devices); });
  return {};
}

void Kubelet::take_list(const std::string& resource, const PluginCaller* from,
                        const DeviceHealth* devices) {
  const std::scoped_lock lock(mutex_);
  if (from != plugin_.get()) {
    return;
  }
  if (devices != nullptr) {
    devices_[resource] = *devices;
    write_down();
    return;
  }
  for (auto& [id, health] : devices_[resource]) {
    health = "Unhealthy";
  }
}

void Kubelet::write_down() {
  Checkpoint written{.pods = allocated_, .offered = {}};
  for (const auto& [id, health] : devices_["aliyun/eni"]) {
    written.offered.push_back(id);
  }
  write_checkpoint(checkpoint(), written);
}

DeviceHealth Kubelet::devices(const std::string& resource) const {
  const std::scoped_lock lock(mutex_);
  const auto found = devices_.find(resource);
  return found == devices_.end() ? DeviceHealth() : found->second;
}

int Kubelet::allocatable(const std::string& resource) const {
  const DeviceHealth all = devices(resource);
  return static_cast<int>(
      std::ranges::count_if(all, [](const auto& one) { return one.second == kHealthy; }));
}

int Kubelet::registrations() const {
  const std::scoped_lock lock(mutex_);
  return registrations_;
}

std::string Kubelet::last_endpoint() const {
  const std::scoped_lock lock(mutex_);
  return last_endpoint_;
}

std::shared_ptr<PluginCaller> Kubelet::plugin() const {
  const std::scoped_lock lock(mutex_);
  return plugin_;
}

AllocateOutcome Kubelet::admit(const std::string& pod_uid, int count) {
  std::vector<std::string> chosen;
  for (const auto& [id, health] : devices()) {
    const std::scoped_lock lock(mutex_);
    const bool taken = std::ranges::any_of(allocated_, [&id = id](const DeviceEntry& entry) {
      return std::ranges::find(entry.devices, id) != entry.devices.end();
    });
    if (health == kHealthy && !taken && static_cast<int>(chosen.size()) < count) {
      chosen.push_back(id);
    }
  }
  if (static_cast<int>(chosen.size()) < count) {
    return {.code = 8,
            .text = "requested number of devices unavailable for aliyun/eni. Requested: " +
                    std::to_string(count) + ", Available: " + std::to_string(chosen.size())};
  }
  AllocateOutcome outcome = ask_for({chosen});
  if (outcome.code == 0) {
    const std::scoped_lock lock(mutex_);
    allocated_.push_back({.pod_uid = pod_uid, .devices = chosen});
    write_down();
  }
  return outcome;
}

void Kubelet::forget(const std::string& pod_uid) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(allocated_, [&](const DeviceEntry& entry) { return entry.pod_uid == pod_uid; });
  write_down();
}

AllocateOutcome Kubelet::ask_for(const std::vector<std::vector<std::string>>& containers) {
  const std::shared_ptr<PluginCaller> caller = plugin();
  return caller == nullptr ? AllocateOutcome{.text = "no plugin"} : caller->allocate(containers);
}

}  // namespace catena::test

// The part of kubelet that device plugins see: a real gRPC server they register with, the list of
// their devices, allocation, and the checkpoint.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/kubelet/checkpoint.h"
#include "tests/support/kubelet/plugin_caller.h"

namespace catena::test {

// Thread-safe.
class Kubelet {
 public:
  struct Options {
    std::string authority = "localhost";  // older ones name the socket's path
    std::string refusal;                  // of every registration; empty: none
  };
  // As kubelet does when it starts: makes `directory`, removes every socket in it, and listens at
  // kubelet.sock. Devices of the checkpoint are taken.
  explicit Kubelet(std::string directory) : Kubelet(std::move(directory), Options()) {}
  Kubelet(std::string directory, Options options);
  Kubelet(const Kubelet&) = delete;
  Kubelet& operator=(const Kubelet&) = delete;
  Kubelet(Kubelet&&) = delete;
  Kubelet& operator=(Kubelet&&) = delete;
  // Stops; the checkpoint stays.
  ~Kubelet();

  // The last list of a resource's plugin; all Unhealthy once the plugin has ended it.
  DeviceHealth devices(const std::string& resource = "aliyun/eni") const;
  // How many a node's allocatable would have.
  int allocatable(const std::string& resource = "aliyun/eni") const;
  int registrations() const;
  std::string last_endpoint() const;

  // So many healthy devices that nobody has, for one container; written into the checkpoint, as
  // every list is, where the plugin agreed. Code 8 without asking the plugin where there are not as
  // many.
  AllocateOutcome admit(const std::string& pod_uid, int count = 1);
  // The pod is gone.
  void forget(const std::string& pod_uid);
  // Asks the plugin for exactly these and writes nothing.
  AllocateOutcome ask_for(const std::vector<std::vector<std::string>>& containers);
  // The plugin that registered last; null before that.
  std::shared_ptr<PluginCaller> plugin() const;

  std::string checkpoint() const { return directory_ + "/" + kCheckpointName; }

 private:
  class Registrar;
  std::string enter(const std::string& endpoint, const std::string& resource);
  void take_list(const std::string& resource, const PluginCaller* from,
                 const DeviceHealth* devices);

  void write_down();  // under the lock

  std::string directory_;
  Options options_;
  mutable std::mutex mutex_;  // of what follows, up to the server
  std::map<std::string, DeviceHealth> devices_;
  std::vector<DeviceEntry> allocated_;
  std::shared_ptr<PluginCaller> plugin_;
  std::string last_endpoint_;
  int registrations_ = 0;
  std::vector<std::shared_ptr<PluginCaller>> former_;  // their threads are waited for at the end
  std::unique_ptr<Registrar> registrar_;
};

}  // namespace catena::test

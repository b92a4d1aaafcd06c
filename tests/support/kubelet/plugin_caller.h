// One device plugin, called as kubelet calls it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace catena::test {

struct AllocateOutcome {
  int code = -1;       // gRPC's; 0 is success
  std::string text;    // why not
  int containers = 0;  // answered
};

using DeviceHealth = std::map<std::string, std::string>;  // "Healthy" by id

class PluginCaller {
 public:
  // Throws std::runtime_error where nobody answers at `socket` within 10 s. `authority`: what the
  // client names as HTTP's host.
  PluginCaller(const std::string& socket, const std::string& authority);
  PluginCaller(const PluginCaller&) = delete;
  PluginCaller& operator=(const PluginCaller&) = delete;
  PluginCaller(PluginCaller&&) = delete;
  PluginCaller& operator=(PluginCaller&&) = delete;
  ~PluginCaller();

  // From a thread of its own, with each list, and with nothing when the plugin has ended it.
  using OnList = std::function<void(const DeviceHealth* devices)>;
  void watch(OnList on_list);

  AllocateOutcome allocate(const std::vector<std::vector<std::string>>& containers);
  // gRPC's code for each of these.
  int get_options();
  int get_preferred_allocation();
  int pre_start_container();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace catena::test

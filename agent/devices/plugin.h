// Kubelet's device plugin for aliyun/eni.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/daemon/folder_watch.h"
#include "agent/daemon/lane.h"
#include "agent/daemon/loop.h"
#include "agent/devices/grpc_call.h"
#include "agent/devices/grpc_server.h"
#include "agent/devices/offer.h"
#include "common/base/log.h"
#include "common/base/result.h"

namespace catena::devices {

struct PluginOptions {
  std::string kubelet_dir = "/var/lib/kubelet/device-plugins";
  std::string state_dir = "/var/lib/catena";
  std::string eni_conf = "/etc/eni/eni.json";
  std::chrono::milliseconds ask_again{30'000};  // between two questions to the agent
};

// Offers what the agent says, or said last; registers with every kubelet that comes up. Of the
// loop's thread.
class Plugin {
 public:
  // `loop` and `log` must outlive it. It must live until the loop ended, and the process must end
  // then: a thread may wait for the agent.
  static base::Result<std::unique_ptr<Plugin>> open(const PluginOptions& options, agent::Loop& loop,
                                                    base::Log& log);
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  Plugin(Plugin&&) = delete;
  Plugin& operator=(Plugin&&) = delete;
  ~Plugin() = default;

  // Kubelet finds the socket no more.
  void close() { server_.reset(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Millis = std::chrono::milliseconds;
  struct Heard;

  Plugin(PluginOptions options, Offer offer, agent::Loop& loop, base::Log& log);
  Methods methods();
  void ask();
  void hear(const Heard& heard);
  void take(const Capacity& capacity);
  void look();
  void look_after(Millis time);
  base::Status serve();
  void consider_registration();
  void begin_registration(std::uint64_t kubelet);
  void end_registration(std::uint64_t kubelet, const base::Result<std::string>& answer);
  void tell_wanted();
  void tell_trouble(std::string& last, const std::string& now);

  PluginOptions options_;
  Offer offer_;
  agent::Loop& loop_;
  base::Log& log_;
  agent::Lane lane_;
  bool wanted_ = true;  // by eni.conf
  Millis ask_in_{0};
  std::unique_ptr<agent::FolderWatch> folder_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<GrpcCall> registering_;
  std::uint64_t registered_with_ = 0;  // mark of kubelet's socket; 0: with none
  Clock::time_point registered_at_;
  Millis retry_{0};
  Clock::time_point not_before_;
  agent::Loop::TimerId look_timer_ = 0;
  std::string agent_trouble_;
  std::string kubelet_trouble_;
};

}  // namespace catena::devices

// A kubelet's folder, a state directory and a log, between which a test puts a kubelet, an agent
// and the plugin.
#pragma once

#include <chrono>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/base/unique_fd.h"
#include "tests/kernel/devices/running_plugin.h"
#include "tests/support/kubelet/kubelet.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

class DevicePlugin : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string kubelet_dir() const { return path("kubelet"); }
  std::string socket() const { return kubelet_dir() + "/catena-eni.sock"; }
  PluginPlaces places() const {
    return {.kubelet_dir = kubelet_dir(),
            .state_dir = path("state"),
            .eni_conf = path("eni.json"),
            .agent_socket = path("agent.sock"),
            .log = path("log")};
  }
  std::string log() const {
    return base::read_file(path("log"), std::size_t{1} << 20U).ok()
               ? *base::read_file(path("log"), std::size_t{1} << 20U)
               : std::string();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  // Whether `condition` came to hold in time.
  template <typename Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  base::UniqueFd connect_to_plugin() const {
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  bool has(const Kubelet& kubelet, const DeviceHealth& devices) const {
    return eventually([&] { return kubelet.devices() == devices; });
  }

  TempDir dir_;
};

}  // namespace catena::test

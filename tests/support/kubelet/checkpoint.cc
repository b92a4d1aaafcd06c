#include "tests/support/kubelet/checkpoint.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"

namespace catena::test {
namespace {

using nlohmann::json;

constexpr std::size_t kMost = std::size_t{1} << 20U;  // bytes

// Not kubelet's own hash, which depends on how Go prints its structures: whoever reads the file
// without being kubelet can't check it.
std::uint32_t checksum_of(const std::string& text) {
  std::uint32_t sum = 2'166'136'261U;
  for (const char c : text) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 16'777'619U;
  }
  return sum;
}

std::vector<std::string> devices_in(const json& ids) {
  if (ids.is_array()) {
    return ids.get<std::vector<std::string>>();
  }
  std::vector<std::string> devices;
  for (const auto& [node, of_node] : ids.items()) {
    for (const json& id : of_node) {
      devices.push_back(id);
    }
  }
  return devices;
}

}  // namespace

void write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  json pods;
  for (const DeviceEntry& entry : checkpoint.pods) {
    const bool listed = checkpoint.format == CheckpointFormat::kList;
    pods.push_back({{"PodUID", entry.pod_uid},
                    {"ContainerName", entry.container},
                    {"ResourceName", entry.resource},
                    {"DeviceIDs", listed ? json(entry.devices) : json{{"-1", entry.devices}}},
                    {"AllocResp", ""}});
  }
  json registered = json::object();
  if (!checkpoint.offered.empty()) {
    registered["aliyun/eni"] = checkpoint.offered;
  }
  const json data{{"PodDeviceEntries", pods}, {"RegisteredDevices", registered}};
  const json file{{"Data", data}, {"Checksum", checksum_of(data.dump())}};
  const auto written = base::replace_file(path, file.dump());
  EXPECT_TRUE(written.ok()) << written.error().text();
}

std::vector<DeviceEntry> read_checkpoint(const std::string& path) {
  const auto text = base::read_file(path, kMost);
  if (!text.ok()) {
    return {};
  }
  const json file = json::parse(*text, nullptr, false);
  std::vector<DeviceEntry> entries;
  for (const json& pod : file.at("Data").at("PodDeviceEntries")) {
    entries.push_back({.pod_uid = pod.at("PodUID"),
                       .container = pod.at("ContainerName"),
                       .resource = pod.at("ResourceName"),
                       .devices = devices_in(pod.at("DeviceIDs"))});
  }
  return entries;
}

}  // namespace catena::test

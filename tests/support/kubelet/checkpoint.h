// What kubelet writes down about devices and the pods that have them.
#pragma once

#include <string>
#include <vector>

namespace catena::test {

inline constexpr const char* kCheckpointName = "kubelet_internal_checkpoint";

struct DeviceEntry {
  std::string pod_uid;
  std::string container = "main";
  std::string resource = "aliyun/eni";
  std::vector<std::string> devices{"eni-0"};
  bool operator==(const DeviceEntry&) const = default;
};

enum class CheckpointFormat {
  kList,        // of devices: kubelet before 1.20
  kByNumaNode,  // since then; "-1" for devices of no node
};

struct Checkpoint {
  std::vector<DeviceEntry> pods;
  // Of aliyun/eni, whether a pod has them or not; empty: no plugin ever offered any.
  std::vector<std::string> offered{"eni-0", "eni-1", "eni-2"};
  CheckpointFormat format = CheckpointFormat::kByNumaNode;
};

// Whole or not at all, as kubelet does it. Fails the running test when it can't.
void write_checkpoint(const std::string& path, const Checkpoint& checkpoint);
// What pods have; empty where there is no file. Of either format.
std::vector<DeviceEntry> read_checkpoint(const std::string& path);

}  // namespace catena::test

// How many pods with an ENI of their own this node offers to kubelet, and as which devices.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/devices/wire.h"
#include "common/base/result.h"

namespace catena::devices {

inline constexpr const char* kResource = "aliyun/eni";

struct Capacity {
  int enis = 0;
  std::string reason;  // how the agent came to it; may be empty
};

// The running agent's answer; kNotFound where none runs.
base::Result<Capacity> ask_capacity(std::chrono::milliseconds patience);

// What was offered last, kept in a file of the state directory, so that kubelet is told the same
// while the agent is away and after a restart.
class Offer {
 public:
  // Empty where the file is missing or broken; then `trouble` says what is wrong with it.
  static Offer load(const std::string& state_dir, std::string& trouble);

  bool known() const { return capacity_.has_value(); }
  // Whether that changed what devices() says. Only known() offers have those.
  bool set(const Capacity& capacity);
  base::Status save() const;

  // "eni-0", "eni-1", ...: one for each pod that can have an ENI. One that was offered since boot
  // and is no more stays, Unhealthy: a pod may hold it.
  std::vector<Device> devices() const;
  int enis() const { return capacity_ ? capacity_->enis : 0; }
  // kTryAgain for what can't be given, saying why.
  base::Status check(const Allocation& allocation) const;

 private:
  explicit Offer(std::string path) : path_(std::move(path)) {}
  base::Status read(const std::string& text);
  bool is_offered(const std::string& device) const;

  std::string path_;
  std::optional<Capacity> capacity_;
  int listed_ = 0;  // the most ENIs since boot
};

}  // namespace catena::devices

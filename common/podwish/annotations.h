// What a pod's annotations ask for. A room that plugins and the agent share: both must read alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::podwish {

// As the runtime hands them over (cni::RuntimeConfig::pod_annotations) and the API server keeps
// them.
using Annotations = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kEni = "k8s.aliyun.com/eni";
// Bits per second; these win, each for its direction.
inline constexpr std::string_view kIngressBandwidth = "kubernetes.io/ingress-bandwidth";
inline constexpr std::string_view kEgressBandwidth = "kubernetes.io/egress-bandwidth";
// Bytes per second, as Terway's.
inline constexpr std::string_view kIngressBytes = "k8s.aliyun.com/ingress-bandwidth";
inline constexpr std::string_view kEgressBytes = "k8s.aliyun.com/egress-bandwidth";

// Whether it is one of the above: all others need not be kept.
bool is_wish(std::string_view annotation);

// Any value but an empty one, "false" and "0".
bool asks_for_eni(const Annotations& annotations);

// Bits per second as the pod sees them: what it receives and what it sends. Nothing: not limited.
struct Bandwidth {
  std::optional<std::uint64_t> ingress;
  std::optional<std::uint64_t> egress;
  bool operator==(const Bandwidth&) const = default;
};
// kBadConfig for a value that is malformed or outside 1k to 1P bits per second, as kubelet has it:
// names the annotation, the value and what was expected.
base::Result<Bandwidth> bandwidth_of(const Annotations& annotations);

}  // namespace catena::podwish

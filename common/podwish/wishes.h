// What a pod asks for, all told, and how the agent's duty `pod.wishes` says it.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/podwish/annotations.h"

namespace catena::podwish {

inline constexpr std::string_view kEniResource = "aliyun/eni";
inline constexpr std::string_view kWishesDuty = "pod.wishes";

struct Wishes {
  bool eni = false;         // by annotation or by a container's resources
  Annotations annotations;  // those that are wishes
  std::string uid;          // at the API server
  // kubelet's uid of a static pod, which has another one at the API server; empty otherwise.
  std::string static_uid;

  // Whether kubelet knows the pod as `kubelet_uid`.
  bool are_of(std::string_view kubelet_uid) const;
};

// Of a pod as the API server has it; what is missing or of another shape asks for nothing.
// Limits and requests of containers and initContainers count.
Wishes wishes_of(const nlohmann::json& pod);

// Whom the duty is asked about.
struct PodName {
  std::string space;
  std::string name;
  std::string uid;  // as kubelet knows it; empty: whoever has that name
};
// The duty's arguments, a JSON object.
std::string to_args(const PodName& pod);

// The duty's answer, there and back, without `static_uid`; kUndecodable.
nlohmann::json to_json(const Wishes& wishes);
base::Result<Wishes> parse_wishes(const nlohmann::json& answer);

}  // namespace catena::podwish

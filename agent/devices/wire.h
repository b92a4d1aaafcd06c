// Messages of kubelet's device plugin API (v1beta1), as Protocol Buffers write them: the fields
// that we need, by the numbers that the API gives them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace catena::devices {

struct Registration {
  std::string endpoint;  // name of our socket in kubelet's directory
  std::string resource;  // "aliyun/eni"
};
// RegisterRequest, with the version of the API.
std::string encode(const Registration& registration);

struct Device {
  std::string id;
  bool healthy = true;
  bool operator==(const Device&) const = default;
};
// ListAndWatchResponse.
std::string encode(const std::vector<Device>& devices);

// The devices that each container is to get.
using Allocation = std::vector<std::vector<std::string>>;
// AllocateRequest; fields of newer releases are passed over. kUndecodable.
base::Result<Allocation> decode_allocation(std::string_view message);
// AllocateResponse: so many containers, for each nothing to be changed.
std::string encode_unchanged(std::size_t containers);

}  // namespace catena::devices

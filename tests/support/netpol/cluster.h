// A cluster as a test tells it: objects as the API server sends them, and what this node knows
// beside them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/ip.h"

namespace catena::test::netpol {

// {"namespaces": [Namespace], "pods": [Pod], "policies": [NetworkPolicy],
//  "locals": [{"id", "space", "name", "uid", "addresses": [text], "closed": bool}],
//  "node": [text]}: the pods that this node has made interfaces for (netpol::LocalPod), and its own
// addresses.
using Cluster = nlohmann::json;

// The first packet of a connection, as the destination's node sees it: behind the translation of
// services' addresses.
struct Flow {
  base::IpAddress source;
  base::IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;  // of the destination; 0 where the protocol has none
};
std::string to_string(const Flow& flow);

// What the member holds; null where there is no such member or no object.
const nlohmann::json& member(const nlohmann::json& object, const std::string& name);

// An address, without the leading zeros that old objects have.
base::IpAddress address_of(const std::string& text);

}  // namespace catena::test::netpol

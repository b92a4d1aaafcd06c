// A cluster whose pods are all on this node unless a test says otherwise, told as the API server
// tells it.
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/netpol/compiler.h"

namespace catena::netpol {

// What the firewall does with the rules; `port` is the destination's.
struct Packet {
  base::IpAddress source;
  base::IpAddress destination;
  std::uint8_t protocol = IPPROTO_TCP;
  std::uint16_t port = 80;
};
bool passes(const Rules& rules, const Packet& packet);

// `have` after the changes; throws where they don't fit it.
Rules applied(Rules have, const Changes& changes);

base::IpAddress ip(const std::string& text);

class Scene {
 public:
  using Json = nlohmann::json;

  // {"labels"...} of the namespace `name`, as JSON text.
  Scene& space(const std::string& name, const std::string& labels = "{}");
  // "x/a" with these addresses; on this node.
  Scene& pod(const std::string& name, const std::vector<std::string>& addresses,
             const std::string& labels = "{}");
  // The same on another node.
  Scene& far_pod(const std::string& name, const std::vector<std::string>& addresses,
                 const std::string& labels = "{}");
  // `patch` is merged into the pod object (RFC 7396).
  Scene& patch(const std::string& name, const std::string& patch);
  Scene& policy(const std::string& name, const std::string& spec);
  Scene& no_policy(const std::string& name);

  // From "x/a" or an address to another; compiled, and explained alike.
  bool reaches(const std::string& from, const std::string& to, std::uint16_t port = 80,
               std::uint8_t protocol = IPPROTO_TCP);

  Compiler& compiler() { return compiler_; }

 private:
  base::IpAddress address_of(const std::string& end) const;

  Compiler compiler_;
  std::map<std::string, Json> pods_;
};

}  // namespace catena::netpol

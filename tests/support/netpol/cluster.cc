#include "tests/support/netpol/cluster.h"

#include "tests/support/must.h"

namespace catena::test::netpol {

std::string to_string(const Flow& flow) {
  return flow.source.to_string() + " > " + flow.destination.to_string() + " protocol " +
         std::to_string(flow.protocol) + " port " + std::to_string(flow.port);
}

const nlohmann::json& member(const nlohmann::json& object, const std::string& name) {
  static const nlohmann::json nothing;
  if (!object.is_object()) {
    return nothing;
  }
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

base::IpAddress address_of(const std::string& text) {
  std::string plain;
  bool in_number = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool digit = text[at] >= '0' && text[at] <= '9';
    const bool more = at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '9';
    if (text.find(':') != std::string::npos || in_number || text[at] != '0' || !more) {
      plain += text[at];
      in_number = digit;
    }
  }
  return must(base::IpAddress::parse(plain));
}

}  // namespace catena::test::netpol

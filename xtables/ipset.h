// ipset by netlink: sets of the calling process's namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/attributes.h"
#include "common/firewall/table.h"
#include "common/netpol/rules.h"

namespace catena::xtables {

// One element of whatever kind.
struct Member {
  base::IpAddress address;
  int length = 0;  // of a network; else all bits of the address
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  auto operator<=>(const Member&) const = default;
};

// Sorted, each once. Ranges are cut into networks, none larger than half of all addresses: the
// kernel has no larger one.
std::vector<Member> members_of(const netpol::Set& set);

struct SetShape {
  netpol::SetKind kind = netpol::SetKind::kAddresses;
  base::Family family = base::Family::kIpv4;
  bool operator==(const SetShape&) const = default;
};

struct SetHeader {
  std::string name;
  std::string type;               // "hash:ip"
  std::optional<SetShape> shape;  // absent: none of those that we make
};

class Ipset {
 public:
  // kUnsupported where the kernel has no ipset.
  static base::Result<Ipset> open();
  // Whether the kernel has each type that we make.
  base::Status can_do();

  // All sets whose names begin with `prefix`.
  base::Result<std::vector<SetHeader>> list(std::string_view prefix);
  // Sorted. kNotFound where there is no such set.
  base::Result<std::vector<Member>> members(const std::string& name, const SetShape& shape);

  // Empty. kExists where there is one of that name.
  base::Status create(const std::string& name, const SetShape& shape);
  // Success for those that are there already, or gone already.
  base::Status add(const std::string& name, const std::vector<Member>& members);
  base::Status remove(const std::string& name, const std::vector<Member>& members);
  // Each gets the other's members, at once. Of one shape.
  base::Status swap(const std::string& name, const std::string& other);
  // kNotFound where there is none; fails while a rule needs it.
  base::Status destroy(const std::string& name);

 private:
  using Socket = std::unique_ptr<nl_sock, firewall::CloseSocket>;
  struct Message;
  explicit Ipset(Socket socket) : socket_(std::move(socket)) {}
  base::Status tell(const Message& message);
  base::Status change(std::uint8_t command, const std::string& name,
                      const std::vector<Member>& members);
  base::Result<std::uint8_t> revision(const SetShape& shape);
  template <typename Listener>
  base::Status ask(const Message& message, Listener listener);

  Socket socket_;
};

}  // namespace catena::xtables

// What Policies keeps between calls. Internal to this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/firewall/policies.h"
#include "common/firewall/policy_work.h"

namespace catena::firewall {

class Policies::State {
 public:
  State(Place where, std::unique_ptr<nl_sock, CloseSocket> open_socket)
      : place(where), socket(std::move(open_socket)) {}

  // What the guard's sets are to have besides; of a NIC, the NIC's name too.
  base::Result<std::vector<Change>> entering_of(const std::vector<Entry>& entries) const;

  // Chains of subjects that are gone, where the kernel may still hold map elements that have
  // expired and lead to them.
  void leave_for_later(const std::string& chain);
  void not_for_later(const std::string& chain) { left_.erase(chain); }
  // Those left for long enough; all where `now`.
  void delete_left(bool now = false);

  Place place;
  std::unique_ptr<nl_sock, CloseSocket> socket;
  // Policies' chains that are in the kernel as far as we know.
  std::set<std::string> chains;

 private:
  std::map<std::string, std::chrono::steady_clock::time_point> left_;
};

// One direction of one subject.
struct SubjectPart {
  std::string chain;  // in the kernel
  // Absent: not isolated.
  std::optional<std::vector<std::string>> policies;
  std::vector<base::IpAddress> addresses;  // none where not isolated
};
SubjectPart part_of(const std::string& id, const netpol::Subject& subject, Direction direction);

// An error of changes that need nothing to be there beforehand, with what the admin can do. The
// kernel says ENOENT for a kind of expression that it lacks.
base::Status explained(base::Status status);

// Tries again while others change the ruleset.
base::Status in_one_go(nl_sock* socket,
                       const std::function<base::Status(std::uint32_t generation)>& attempt);

// Puts the address into the map, whosever it was.
base::Status place_address(nl_sock* socket, Work& work, Direction direction,
                           const base::IpAddress& address, const std::string& chain);

}  // namespace catena::firewall

// The parameters of a call, read with the cloud's own complaints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "sim/scene.h"
#include "sim/world/outcome.h"

namespace catena::sim {

class Params {
 public:
  explicit Params(const Action& action) : action_(&action) {}

  const std::string& action() const { return action_->name; }
  std::string region() const;
  // Empty where absent: the cloud does not tell those apart.
  std::string text(std::string_view name) const;
  bool has(std::string_view name) const { return !text(name).empty(); }
  // MissingParameter where absent.
  Outcome<std::string> required(std::string_view name) const;
  // InvalidParameter where it is no whole number within [least, most].
  Outcome<std::optional<std::int64_t>> integer(std::string_view name, std::int64_t least,
                                               std::int64_t most) const;
  Outcome<std::optional<bool>> boolean(std::string_view name) const;
  // Name.1, Name.2 ... in the order of their numbers; those without a value are left out.
  std::vector<std::string> list(std::string_view name) const;
  // `name`, or Name.1 ... where it is absent.
  std::vector<std::string> one_or_list(std::string_view name) const;
  // Name.<n>.<field> as one map for each n, in the order of n.
  std::vector<std::map<std::string, std::string>> objects(std::string_view name) const;
  // InvalidIp.Address where one is none of that family.
  Outcome<std::vector<base::IpAddress>> addresses(std::string_view name, base::Family family) const;
  // InvalidParameter where one is no prefix of that family and length without host bits.
  Outcome<std::vector<base::Prefix>> prefixes(std::string_view name, base::Family family,
                                              int length) const;
  // All that are not paging, as one text: what a NextToken belongs to.
  std::string fingerprint() const;

 private:
  const Action* action_;
};

}  // namespace catena::sim

// A rule of iptables as a value, and chains of them: what is made of the model, before libxtables
// and libiptc come into it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"

namespace catena::xtables {

struct Rule {
  std::optional<base::Prefix> source;
  std::optional<base::Prefix> destination;
  std::uint8_t protocol = 0;  // IPPROTO_*; 0: any
  // Names of interfaces; empty: any.
  std::string in;
  std::string out;
  // As one types them behind "-m", words with one space between them: "tcp --dport 80:81".
  std::vector<std::string> matches;
  std::string target;  // a chain, kReturn or kDrop
  bool go = false;  // -g in the place of -j: a return ends the chain that this one was called from
  bool operator==(const Rule&) const = default;
};

inline constexpr char kReturn[] = "RETURN";
inline constexpr char kDrop[] = "DROP";

using Chains = std::map<std::string, std::vector<Rule>>;

}  // namespace catena::xtables

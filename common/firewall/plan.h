// Objects that belong together, and how they should be: written whole, in place, in one batch, and
// compared with what the kernel has.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/objects.h"

struct nl_sock;

namespace catena::firewall {

inline constexpr const char* kTable = "catena";
// What the names of pods' interfaces on the host begin with (DESIGN: "Data path").
inline constexpr const char* kPodInterfaces = "ctn";

struct PlannedChain {
  BaseChain chain;
  std::vector<Rule> rules;
};

// Elements that belong to the plan itself.
struct PlannedElements {
  Set set;
  std::vector<Element> elements;
};

struct Plan {
  std::vector<Set> sets;
  std::vector<PlannedElements> elements;
  std::vector<PlannedChain> chains;
};

// Afterwards each chain has exactly the planned rules, once, whatever it had: a chain is flushed
// and filled in the same transaction, which no packet sees half done. So any number of processes
// may write the same plan at once.
std::vector<Change> ensure(const Plan& plan, const std::string& table = kTable);

// Whether all of it is there and no other rule is in its chains. A rule keeps its sets in being;
// the elements of interval sets are not looked at.
base::Result<bool> is_in_place(nl_sock* socket, const Plan& plan);

// Adds `elements`, and before them the plan where it is not in place. All or nothing. kUnsupported
// where the kernel has no such chains or expressions.
base::Status ensure_with(nl_sock* socket, const Plan& plan, const std::vector<Change>& elements);

}  // namespace catena::firewall

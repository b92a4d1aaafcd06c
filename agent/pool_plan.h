// Which ENIs get how many addresses: pure arithmetic.
#pragma once

#include <string>
#include <vector>

#include "agent/pool.h"

namespace catena::agent {

// An ENI as growth sees it.
struct EniRoom {
  std::string id;
  int free4 = 0;  // addresses that pods could have now
  int free6 = 0;
  int slots4 = 0;  // how many more the ENI can take: single addresses or blocks
  int slots6 = 0;
};

struct Growth {
  Families families;
  bool prefixes4 = false;  // in the place of single addresses
  bool prefixes6 = false;
  cloud::EniPolicy policy = cloud::EniPolicy::kMostIps;
  int new_enis = 0;  // that may be made
  EniRoom new_eni;   // what one of them has from the beginning, and can take
};

// How many pods `eni` could serve as it is, and at most.
int servable_now(const EniRoom& eni, const Families& families);
int servable_at_most(const EniRoom& eni, const Growth& growth);

// What must be asked for so that `pods` more can be served, in as few calls as can be: ENIs with
// room first, then new ones. Less where there is no more room.
std::vector<GrowRequest> plan_growth(int pods, std::vector<EniRoom> enis, const Growth& growth);

}  // namespace catena::agent

// What is done to one family's mangle table. Each call reads it anew; in a process of apart().
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "xtables/layout.h"

namespace catena::xtables {

struct Wish {
  Layout layout;
  // Subjects whose isolations are replaced by the layout's, or taken away; those of others stay.
  // Absent (`everything`): what is not in the layout goes.
  std::set<std::string> subjects;
  bool everything = true;
  std::string nic;
};

// True when something had to be changed.
base::Result<bool> write_family(base::Family family, const Wish& wish);
// A sentence for each thing that write_family() would change; of a wish for some subjects, about
// those, and what leads to them.
base::Result<std::vector<std::string>> family_differences(base::Family family, const Wish& wish);
base::Result<std::vector<std::string>> family_subjects(base::Family family);
// True when there was something of ours.
base::Result<bool> clear_family(base::Family family);
// Whether each extension that we use can be had.
base::Status try_extensions(base::Family family);

}  // namespace catena::xtables

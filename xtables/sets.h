// The model's sets in the kernel, so that at no moment a packet is let through that neither the old
// rules nor the new ones allow.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/netpol/rules.h"
#include "xtables/ipset.h"

namespace catena::xtables {

class Sets {
 public:
  explicit Sets(Ipset ipset) : ipset_(std::move(ipset)) {}

  // Before the rules: sets that are missing are made, whole; of others, members that are too many
  // go. A list of networks is put in the place of another at once.
  base::Status prepare(const netpol::Rules& model);
  // Behind the rules: what prepare() left to add.
  base::Status finish();
  // Behind the rules: sets that the model does not have.
  base::Status sweep(const netpol::Rules& model);

  // A sentence for each set that is not as the model says; with `everything` also for those that it
  // does not have.
  base::Result<std::vector<std::string>> differences(const netpol::Rules& model, bool everything);
  // Whether all of the model's sets are there, so that rules can name them.
  base::Result<bool> has_all(const netpol::Rules& model);

  bool changed() const { return changed_; }

 private:
  struct Addition {
    std::string name;
    std::vector<Member> members;
  };
  base::Status make(const std::string& name, const netpol::Set& set);
  base::Status bring_in_line(const std::string& name, const netpol::Set& set);
  base::Status put_in_place(const std::string& name, const netpol::Set& set);

  Ipset ipset_;
  std::vector<Addition> additions_;
  bool changed_ = false;
};

}  // namespace catena::xtables

// The sets that some chain needs, and who is in them. Internal to this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/netpol/cluster.h"
#include "common/netpol/ledger.h"
#include "common/netpol/member_spec.h"
#include "common/netpol/names.h"

namespace catena::netpol {

class Sets {
 public:
  Sets(const Cluster* cluster, Ledger* ledger) : cluster_(cluster), ledger_(ledger) {}

  // Its name. Counted: release it as often.
  std::string acquire(const SetSpec& spec);
  void release(const std::string& name);

  // As the cluster still has it, before it changes to `after` (null: is removed).
  void expect_namespace(const std::string& name, const Namespace* after);
  // Whoever is at these addresses is looked at again; all that is new is filled; what nobody
  // needs any more goes.
  void settle(const std::set<Cluster::Stale>& stale);

 private:
  struct Live {
    std::string name;
    std::size_t users = 0;
    bool to_fill = true;
    std::set<std::string> changed_spaces;  // whose pods come or go together
  };
  using Entry = std::pair<const SetSpec, Live>;
  // Sets of one namespace's pods, and those that may have pods of any.
  using Index = std::map<std::string, std::set<Entry*>>;

  Index::mapped_type& index_of(const SetSpec& spec);
  void remove_unused();
  void fill(Entry& entry);
  void look_again(const Entry& entry, const base::IpAddress& address);
  void look_again(const Entry& entry, const std::string& space);

  const Cluster* cluster_;
  Ledger* ledger_;
  Names names_;
  std::map<SetSpec, Live> live_;
  std::map<std::string, Entry*> by_name_;
  Index by_space_;
  std::set<Entry*> of_any_space_;
  std::set<std::string> unused_;
};

}  // namespace catena::netpol

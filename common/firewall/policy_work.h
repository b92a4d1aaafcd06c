// Changes of policies' objects on their way into the kernel. Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/batch.h"
#include "common/firewall/policy_plan.h"
#include "common/netpol/rules.h"

struct nl_sock;

namespace catena::firewall {

// A packet that is under way while a transaction takes effect may be judged by the rules of before
// and the sets and maps of after. What that could let through, although neither allows it, is kept
// apart: `first` takes effect, then `then`; in between, rules that are new look at sets that lack
// what they gained. All in one transaction where it can do no harm.
class Work {
 public:
  // Where the maps and base chains may be missing.
  void add_base(const Plan& plan);
  // Whatever is in one of that name goes.
  void add_set(const std::string& name, const netpol::Set& set);
  void add_members(const Set& set, const std::vector<Element>& added);
  void remove_members(const Set& set, const std::vector<Element>& removed);
  // All of an interval set.
  void replace_members(const std::string& name, const netpol::Set& set);
  // `is_in_use`: there is one with other rules that packets may be in.
  void write_chain(const std::string& name, const std::vector<Rule>& rules, bool is_in_use);

  void add_subject(Direction direction, const base::IpAddress& address, const std::string& chain);
  void remove_subject(Direction direction, const base::IpAddress& address);
  // The address is another subject's now, whose chain is perhaps new.
  void move_subject(Direction direction, const base::IpAddress& address, const std::string& chain);

  void add_at_end(std::vector<Change> changes);
  void delete_chain(const std::string& name);
  void delete_set(const std::string& name);

  // At most two transactions; kTryAgain that is_outdated() where the ruleset is not at `generation`
  // any more.
  base::Status commit(nl_sock* socket, std::optional<std::uint32_t> generation);

 private:
  std::vector<Change> first_;    // sets, chains, members that go
  std::vector<Change> removed_;  // subjects' addresses
  std::vector<Change> added_;    // members and subjects' addresses
  std::vector<Change> last_;     // chains that go
  std::vector<Change> sets_;     // that go, when no chain uses them any more
  bool rewrites_ = false;
  bool sets_grow_ = false;
  bool subjects_move_ = false;
};

}  // namespace catena::firewall

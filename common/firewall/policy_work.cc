#include "common/firewall/policy_work.h"

#include <iterator>
#include <utility>

namespace catena::firewall {
namespace {

void append(std::vector<Change>& changes, std::vector<Change> more) {
  changes.insert(changes.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

// The kernel counts each transaction, and leaves out 0.
std::uint32_t next(std::uint32_t generation) { return generation + 1 == 0 ? 1 : generation + 1; }

}  // namespace

void Work::add_base(const Plan& plan) { append(first_, ensure(plan)); }

void Work::add_set(const std::string& name, const netpol::Set& set) {
  const Set made = set_of(name, set);
  first_.push_back(ensure_set(made));
  first_.push_back(flush_set(kTable, name));
  append(first_, add_elements(made, elements_of(set)));
}

void Work::add_members(const Set& set, const std::vector<Element>& added) {
  sets_grow_ = sets_grow_ || !added.empty();
  append(added_, add_elements(set, added));
}

void Work::remove_members(const Set& set, const std::vector<Element>& removed) {
  append(first_, delete_elements(set, removed));
}

void Work::replace_members(const std::string& name, const netpol::Set& set) {
  sets_grow_ = true;
  added_.push_back(flush_set(kTable, name));
  append(added_, add_elements(set_of(name, set), elements_of(set)));
}

void Work::write_chain(const std::string& name, const std::vector<Rule>& rules, bool is_in_use) {
  rewrites_ = rewrites_ || is_in_use;
  first_.push_back(ensure_chain(kTable, name));
  first_.push_back(flush_chain(kTable, name));
  for (const Rule& rule : rules) {
    first_.push_back(append_rule(kTable, name, rule));
  }
}

void Work::add_subject(Direction direction, const base::IpAddress& address,
                       const std::string& chain) {
  append(added_, add_elements(subjects_map(direction, address.family()),
                              elements_of_addresses({address}, address.family(), chain)));
}

void Work::remove_subject(Direction direction, const base::IpAddress& address) {
  append(removed_, delete_elements(subjects_map(direction, address.family()),
                                   {{key_of(address), std::nullopt, std::nullopt}}));
}

void Work::move_subject(Direction direction, const base::IpAddress& address,
                        const std::string& chain) {
  subjects_move_ = true;
  remove_subject(direction, address);
  add_subject(direction, address, chain);
}

void Work::add_at_end(std::vector<Change> changes) { append(added_, std::move(changes)); }

void Work::delete_chain(const std::string& name) {
  last_.push_back(firewall::delete_chain(kTable, name));
}

void Work::delete_set(const std::string& name) {
  sets_.push_back(firewall::delete_set(kTable, name));
}

base::Status Work::commit(nl_sock* socket, std::optional<std::uint32_t> generation) {
  const bool in_two = !first_.empty() && (subjects_move_ || (rewrites_ && sets_grow_));
  Batch batch;
  batch.add(std::move(first_));
  if (in_two) {
    if (generation) {
      batch.only_at(*generation);
      generation = next(*generation);
    }
    TRY(batch.commit(socket));
    batch = Batch();
  }
  batch.add(std::move(removed_));
  batch.add(std::move(added_));
  batch.add(std::move(last_));
  batch.add(std::move(sets_));
  if (generation) {
    batch.only_at(*generation);
  }
  return batch.commit(socket);
}

}  // namespace catena::firewall

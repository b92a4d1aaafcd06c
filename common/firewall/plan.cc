#include "common/firewall/plan.h"

#include <algorithm>
#include <iterator>

#include "common/firewall/read.h"

namespace catena::firewall {

std::vector<Change> ensure(const Plan& plan, const std::string& table) {
  std::vector<Change> changes;
  changes.push_back(ensure_table(table));
  for (const Set& set : plan.sets) {
    changes.push_back(ensure_set(set));
  }
  // Elements and rules name chains.
  for (const PlannedChain& planned : plan.chains) {
    changes.push_back(ensure_chain(planned.chain));
  }
  for (const PlannedElements& planned : plan.elements) {
    for (Change& change : add_elements(planned.set, planned.elements)) {
      changes.push_back(std::move(change));
    }
  }
  for (const PlannedChain& planned : plan.chains) {
    const BaseChain& chain = planned.chain;
    changes.push_back(flush_chain(chain.table, chain.name));
    for (const Rule& rule : planned.rules) {
      changes.push_back(append_rule(chain.table, chain.name, rule));
    }
  }
  return changes;
}

base::Result<bool> is_in_place(nl_sock* socket, const Plan& plan) {
  std::vector<BaseChain> chains;
  for (const PlannedChain& planned : plan.chains) {
    chains.push_back(planned.chain);
  }
  if (!TRY(has_chains(socket, kTable, chains))) {
    return false;
  }
  for (const PlannedChain& planned : plan.chains) {
    std::vector<std::string> wanted;
    for (const Rule& rule : planned.rules) {
      wanted.push_back(rule.tag());
    }
    if (!TRY(has_rules(socket, kTable, planned.chain.name, wanted))) {
      return false;
    }
  }
  for (const PlannedElements& planned : plan.elements) {
    std::vector<std::string> keys;
    if (!planned.set.interval) {
      std::ranges::transform(planned.elements, std::back_inserter(keys), &Element::key);
    }
    if (!TRY(has_elements(socket, planned.set, keys))) {
      return false;
    }
  }
  return true;
}

base::Status ensure_with(nl_sock* socket, const Plan& plan, const std::vector<Change>& elements) {
  const base::Result<bool> in_place = is_in_place(socket, plan);
  // Where the ruleset changes too fast to be read, writing it is right too.
  if (!in_place.ok() && !in_place.error().is(base::ErrorKind::kTryAgain)) {
    return in_place.error();
  }
  if (in_place.ok() && *in_place) {
    Batch batch;
    batch.add(elements);
    base::Status added = batch.commit(socket);
    // Not found: somebody took the table away after we looked.
    if (added.ok() || !added.error().is(base::ErrorKind::kNotFound)) {
      return added;
    }
  }
  Batch batch;
  batch.add(ensure(plan));
  batch.add(elements);
  base::Status made = batch.commit(socket);
  if (made.ok()) {
    return made;
  }
  if (made.error().is(base::ErrorKind::kNotFound)) {
    // Everything that a change refers to is made before it, so the kernel lacks the kind.
    return std::move(made).error().as(base::ErrorKind::kUnsupported);
  }
  if (made.error().is(base::ErrorKind::kExists)) {
    return std::move(made).error().advice(
        "somebody made an object of this name in table inet catena, which is Catena's own: remove "
        "that table (nft delete table inet catena) and enter the pods again by restarting them");
  }
  return made;
}

}  // namespace catena::firewall

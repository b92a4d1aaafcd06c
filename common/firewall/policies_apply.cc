// What changed since the last time, into the kernel.
#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>

#include "common/firewall/policies_state.h"
#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

using Addresses = std::vector<base::IpAddress>;

Addresses without(const Addresses& from, const Addresses& these) {
  Addresses left;
  std::ranges::set_difference(from, these, std::back_inserter(left));
  return left;
}

// Subjects, one by one. The addresses that others have got meanwhile are theirs.
class SubjectChanges {
 public:
  SubjectChanges(nl_sock* socket, Work& work) : socket_(socket), work_(work) {}

  // Absent: there was none, there is none.
  base::Status change(const SubjectPart& was, const SubjectPart& is) {
    if (is.policies && is.policies != was.policies) {
      work_.write_chain(is.chain, rules_of_subject(*is.policies), was.policies.has_value());
      written.push_back(is.chain);
    }
    bool leads_nowhere = true;
    for (const base::IpAddress& address : without(was.addresses, is.addresses)) {
      leads_nowhere = TRY(take_away(was, address)) && leads_nowhere;
    }
    for (const base::IpAddress& address : without(is.addresses, was.addresses)) {
      TRY(place_address(socket_, work_, direction_of(is), address, is.chain));
    }
    if (was.policies && !is.policies) {
      end_chain(was.chain, leads_nowhere);
    }
    return {};
  }

  std::vector<std::string> written;
  std::vector<std::string> left;  // to be deleted later

 private:
  static Direction direction_of(const SubjectPart& part) {
    return part.chain == subject_chain(Direction::kIngress, subject_of_chain(part.chain))
               ? Direction::kIngress
               : Direction::kEgress;
  }

  // False where an element may be there for some time yet.
  base::Result<bool> take_away(const SubjectPart& was, const base::IpAddress& address) {
    const Direction direction = direction_of(was);
    const std::optional<FoundElement> found =
        TRY(find_element(socket_, subjects_map(direction, address.family()), key_of(address)));
    if (!found || found->expiring) {
      return false;
    }
    if (found->chain == was.chain) {
      work_.remove_subject(direction, address);
    }
    return true;
  }

  void end_chain(const std::string& chain, bool leads_nowhere) {
    if (leads_nowhere) {
      work_.delete_chain(chain);
      return;
    }
    work_.write_chain(chain, rules_of_subject({}), /*is_in_use=*/true);
    left.push_back(chain);
  }

  nl_sock* socket_;
  Work& work_;
};

void change_sets(Work& work, const netpol::Changes& changes) {
  for (const auto& [name, set] : changes.new_sets) {
    work.add_set(name, set);
  }
  for (const auto& [name, members] : changes.members) {
    work.remove_members(set_of(name, members.removed), elements_of(members.removed));
    work.add_members(set_of(name, members.added), elements_of(members.added));
  }
  for (const std::string& name : changes.gone_sets) {
    work.delete_set(name);
  }
}

base::Status change_subjects(SubjectChanges& subjects, const netpol::Changes& changes) {
  const netpol::Subject none;
  for (const Direction direction : kDirections) {
    for (const auto& [id, subject] : changes.gone_subjects) {
      TRY(subjects.change(part_of(id, subject, direction), part_of(id, none, direction)));
    }
    for (const auto& [id, change] : changes.subjects) {
      TRY(subjects.change(part_of(id, change.before.value_or(none), direction),
                          part_of(id, change.now, direction)));
    }
  }
  return {};
}

// What we thought to be there is not, or not so.
base::Status as_try_again(base::Status status) {
  if (status.ok()) {
    return status;
  }
  base::Error error = std::move(status).error();
  const int number = error.sys_errno();
  if (number == ENOENT || number == EEXIST || number == EBUSY) {
    return std::move(error).as(base::ErrorKind::kTryAgain);
  }
  return error;
}

}  // namespace

base::Status Policies::apply(const netpol::Changes& changes, const std::vector<Entry>& entries) {
  const std::vector<Change> entered = TRY(state_->entering_of(entries));
  nl_sock* const socket = state_->socket.get();
  const auto attempt = [&](std::uint32_t generation) -> base::Status {
    Work work;
    SubjectChanges subjects(socket, work);
    change_sets(work, changes);
    for (const auto& [name, chain] : changes.chains) {
      work.write_chain(name, TRY(rules_of(name, chain)), state_->chains.contains(name));
    }
    TRY(change_subjects(subjects, changes));
    for (const std::string& name : changes.gone_chains) {
      work.delete_chain(name);
    }
    work.add_at_end(entered);
    TRY(work.commit(socket, generation));
    std::ranges::for_each(subjects.written,
                          [this](const std::string& chain) { state_->not_for_later(chain); });
    std::ranges::for_each(subjects.left,
                          [this](const std::string& chain) { state_->leave_for_later(chain); });
    return {};
  };
  TRY(as_try_again(in_one_go(socket, attempt)).context("apply changed network policies"));
  for (const auto& [name, chain] : changes.chains) {
    state_->chains.insert(name);
  }
  for (const std::string& name : changes.gone_chains) {
    state_->chains.erase(name);
  }
  state_->delete_left();
  return {};
}

}  // namespace catena::firewall

#include "common/ipam/binding.h"

namespace catena::ipam {
namespace {

// PATH_MAX of linux/limits.h, the longest of them; the journal's lines stay readable.
constexpr std::size_t kLongestText = 4096;

bool same(const Owner& a, const Owner& b) {
  return a.container_id == b.container_id && a.if_name == b.if_name && a.network == b.network &&
         a.netns == b.netns && a.pod == b.pod;
}

}  // namespace

std::string name_of(const Owner& owner) {
  return (owner.pod.empty() ? "" : "pod " + owner.pod + ", ") + "container " + owner.container_id +
         " " + owner.if_name;
}

base::Status check(const Owner& owner) {
  if (owner.container_id.empty() || owner.if_name.empty()) {
    return base::Error(base::ErrorKind::kBadEnvironment,
                       "claim an address: no container ID or no interface name");
  }
  for (const std::string* text :
       {&owner.container_id, &owner.if_name, &owner.network, &owner.netns, &owner.pod}) {
    if (text->size() > kLongestText || !survives_json(*text)) {
      return base::Error(base::ErrorKind::kBadEnvironment,
                         "claim an address for container " + owner.container_id.substr(0, 64) +
                             ": a name of " + std::to_string(text->size()) +
                             " bytes is too long or not UTF-8");
    }
  }
  return {};
}

base::Error already_holds(const Owner& owner, const Record& held, const std::string& but) {
  return base::Error(base::ErrorKind::kExists,
                     name_of(owner) + " holds " + held.address.to_string() + " already, " + but)
      .advice("DEL the container first");
}

base::Result<Record> Binding::keep(Record held) {
  if (held.state == State::kBound && same(held.owner, *owner_)) {
    return held;
  }
  held.state = State::kBound;
  held.owner = *owner_;
  return update_->stage(std::move(held));
}

base::Status Binding::is_free(const base::IpAddress& address) {
  const std::optional<Holding> holding = TRY(update_->index().holding(address));
  const std::optional<Record> record = TRY(update_->record_of(address));
  const std::string wanted = "wanted address " + address.to_string() + " ";
  if (holding.has_value() && !record.has_value()) {
    return base::Error(base::ErrorKind::kTryAgain,
                       wanted + "has a record that this release can't read");
  }
  if (record.has_value() && record->state == State::kCooling) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "was freed a moment ago and cools");
  }
  if (record.has_value() && record->state == State::kQuarantined) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "is quarantined: " + record->note);
  }
  if (record.has_value() && record->state != State::kFree) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "is held by " + name_of(record->owner));
  }
  return {};
}

base::Result<Record> Binding::bind_wanted(const PoolAddress& candidate) {
  TRY(is_free(candidate.address));
  if (TRY(is_in_use(candidate))) {
    return base::Error(base::ErrorKind::kTryAgain,
                       "wanted address " + candidate.address.to_string() +
                           " is in use on this node without a record; quarantined");
  }
  return bind(candidate);
}

base::Result<bool> Binding::is_in_use(const PoolAddress& candidate) {
  const std::string what = "ask whether " + candidate.address.to_string() + " is in use";
  if (!*in_use_ || !TRY((*in_use_)(candidate.address).context(what))) {
    return false;
  }
  Record record = TRY(update_->record_of(candidate.address)).value_or(Record{});
  record.address = candidate.address;
  record.pool = candidate.pool;
  record.state = State::kQuarantined;
  record.note = kInUseNote;
  surprises_.push_back(record);
  TRY(update_->stage(std::move(record)));
  return true;
}

base::Result<Record> Binding::bind(const PoolAddress& candidate) {
  Record record = TRY(update_->record_of(candidate.address)).value_or(Record{});
  record.address = candidate.address;
  record.pool = candidate.pool;
  record.state = State::kBound;
  record.owner = *owner_;
  record.note.clear();
  ++record.generation;
  return update_->stage(std::move(record));
}

base::Status Binding::keep_surprises_only() {
  if (surprises_.empty()) {
    return {};
  }
  TRY(update_->start_over());
  for (const Record& record : surprises_) {
    TRY(update_->stage(record));
  }
  return update_->commit();
}

}  // namespace catena::ipam

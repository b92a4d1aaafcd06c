#include "xtables/sets.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "xtables/layout.h"

namespace catena::xtables {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using netpol::SetKind;

// No set of the model's has a '.' in its name. One program at a time holds the lock.
constexpr char kAside[] = "catena-.aside";

SetShape shape_of(const netpol::Set& set) { return {set.kind, set.family}; }

std::vector<Member> without(const std::vector<Member>& all, const std::vector<Member>& those) {
  std::vector<Member> left;
  std::ranges::set_difference(all, those, std::back_inserter(left));
  return left;
}

std::map<std::string, SetHeader> by_name(std::vector<SetHeader> headers) {
  std::map<std::string, SetHeader> found;
  for (SetHeader& header : headers) {
    std::string name = header.name;
    found.emplace(std::move(name), std::move(header));
  }
  return found;
}

}  // namespace

Status Sets::make(const std::string& name, const netpol::Set& set) {
  TRY(ipset_.create(name, shape_of(set)));
  changed_ = true;
  return ipset_.add(name, members_of(set));
}

// Members of networks depend on one another: half a list is another list.
Status Sets::put_in_place(const std::string& name, const netpol::Set& set) {
  TRY(make(kAside, set));
  TRY(ipset_.swap(name, kAside));
  return ipset_.destroy(kAside);
}

Status Sets::bring_in_line(const std::string& name, const netpol::Set& set) {
  const std::vector<Member> have = TRY(ipset_.members(name, shape_of(set)));
  const std::vector<Member> want = members_of(set);
  if (have == want) {
    return {};
  }
  changed_ = true;
  if (set.kind == SetKind::kNetworks) {
    return put_in_place(name, set);
  }
  additions_.push_back({name, without(want, have)});
  return ipset_.remove(name, without(have, want));
}

Status Sets::prepare(const netpol::Rules& model) {
  const std::map<std::string, SetHeader> have = by_name(TRY(ipset_.list(kSetPrefix)));
  if (have.contains(kAside)) {
    TRY(ipset_.destroy(kAside));
  }
  for (const auto& [model_name, set] : model.sets) {
    const std::string name = set_name(model_name);
    const auto found = have.find(name);
    if (found == have.end()) {
      TRY(make(name, set));
      continue;
    }
    if (found->second.shape != std::optional(shape_of(set))) {
      return Error(ErrorKind::kExists, "there is a set " + name + " of another type already (" +
                                           found->second.type + ")")
          .advice("`catena-xtables remove` takes away all that this program made");
    }
    TRY(bring_in_line(name, set));
  }
  return {};
}

Status Sets::finish() {
  for (const Addition& addition : additions_) {
    TRY(ipset_.add(addition.name, addition.members));
  }
  additions_.clear();
  return {};
}

Status Sets::sweep(const netpol::Rules& model) {
  for (const SetHeader& header : TRY(ipset_.list(kSetPrefix))) {
    if (!model.sets.contains(header.name.substr(kSetPrefix.size()))) {
      TRY(ipset_.destroy(header.name));
      changed_ = true;
    }
  }
  return {};
}

Result<std::vector<std::string>> Sets::differences(const netpol::Rules& model, bool everything) {
  std::vector<std::string> found;
  const std::map<std::string, SetHeader> have = by_name(TRY(ipset_.list(kSetPrefix)));
  for (const auto& [model_name, set] : model.sets) {
    const auto header = have.find(set_name(model_name));
    if (header == have.end()) {
      found.push_back("ipset " + set_name(model_name) + " is missing");
    } else if (header->second.shape != std::optional(shape_of(set))) {
      found.push_back("ipset " + header->first + " is of another type");
    } else if (TRY(ipset_.members(header->first, shape_of(set))) != members_of(set)) {
      found.push_back("ipset " + header->first + " has other members");
    }
  }
  for (const auto& [name, header] : have) {
    if (everything && !model.sets.contains(name.substr(kSetPrefix.size()))) {
      found.push_back("ipset " + name + " is too many");
    }
  }
  return found;
}

Result<bool> Sets::has_all(const netpol::Rules& model) {
  const std::map<std::string, SetHeader> have = by_name(TRY(ipset_.list(kSetPrefix)));
  return std::ranges::all_of(
      model.sets, [&have](const auto& set) { return have.contains(set_name(set.first)); });
}

}  // namespace catena::xtables

// Giving addresses to one owner, within a transaction: what every kind of claim does alike.
#pragma once

#include <string>
#include <vector>

#include "common/ipam/transaction.h"

namespace catena::ipam {

// "pod ns/name, container 0a1b eth0".
std::string name_of(const Owner& owner);
// kBadEnvironment for an owner no store could keep.
base::Status check(const Owner& owner);
// kExists: the owner holds `held` already, `but`.
base::Error already_holds(const Owner& owner, const Record& held, const std::string& but);

// An address and the pool it is, or will be, remembered in.
struct PoolAddress {
  base::IpAddress address;
  std::string pool;
};

// The arguments must outlive this.
class Binding {
 public:
  Binding(Update& update, const Owner& owner, const InUse& in_use)
      : update_(&update), owner_(&owner), in_use_(&in_use) {}

  // Asks the kernel; an address it knows is quarantined.
  base::Result<bool> is_in_use(const PoolAddress& candidate);
  base::Result<Record> bind(const PoolAddress& candidate);
  // kTryAgain, saying why, where a wanted address has a record that is not free.
  base::Status is_free(const base::IpAddress& address);
  // As bind(); kTryAgain, saying why, where the address is not free.
  base::Result<Record> bind_wanted(const PoolAddress& candidate);
  // What the owner has already, under its present names.
  base::Result<Record> keep(Record held);

  // After so many surprises a claim stops and keeps what it learned.
  static constexpr std::size_t kSurprisesAtMost = 1024;
  std::size_t surprises() const { return surprises_.size(); }
  // Ends the transaction of a claim that failed: all is as before, but for what is in use.
  base::Status keep_surprises_only();

 private:
  Update* update_;
  const Owner* owner_;
  const InUse* in_use_;
  std::vector<Record> surprises_;
};

}  // namespace catena::ipam

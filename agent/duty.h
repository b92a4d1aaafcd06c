// What a duty works with: the node's store, the cloud, and the time it may take.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "agent/settings.h"
#include "common/cloud/client.h"
#include "common/cloud/ecs.h"
#include "common/cloud/metadata.h"
#include "common/ipam/store.h"

namespace catena::agent {

using Millis = std::chrono::milliseconds;

// So long after a change a Describe call may still show what was before (0 to 3 s and a margin).
inline constexpr Millis kLag{4'000};
// A ClientToken is honoured at least that long; an intent older than this goes by state alone.
inline constexpr std::chrono::minutes kTokenLife{10};

// The machine that the duty works for.
struct Machine {
  cloud::InstanceType type;
  std::vector<std::string> security_groups;  // that new ENIs get
};

// What instance types allow, which never changes: asked for once. Thread-safe.
class KnownTypes {
 public:
  std::optional<cloud::InstanceType> find(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    const auto found = types_.find(id);
    return found == types_.end() ? std::nullopt : std::optional(found->second);
  }
  void keep(const cloud::InstanceType& type) {
    const std::scoped_lock lock(mutex_);
    types_.insert_or_assign(type.id, type);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, cloud::InstanceType> types_;
};

// One run of one duty. Not thread-safe; several may run on one store and client.
class Duty {
 public:
  // All must outlive it. `budget` is for everything the duty does, waits included.
  Duty(ipam::Store& store, cloud::Client& client, const Settings& settings, Millis budget);

  ipam::Store& store() { return *store_; }
  cloud::Client& client() { return *client_; }
  const Settings& settings() const { return *settings_; }

  Millis now() const { return client_->pace().elapsed(); }
  std::chrono::system_clock::time_point wall() const { return client_->pace().wall(); }
  Millis left() const;
  // For a call that may take all that is left.
  cloud::CallOptions call(const std::string& token = {}) const;
  // Sleeps about `time` (a fifth more or less). kTryAgain, without sleeping, where the deadline
  // comes first: `what` is then said to be unfinished.
  base::Status pause(Millis time, std::string_view what);
  // In [0, 1).
  double random();

  // What find_machine() found before.
  const std::optional<Machine>& machine() const { return machine_; }
  void keep(Machine machine) { machine_ = std::move(machine); }
  // Of earlier duties and for later ones; may be absent.
  void share_types(KnownTypes* types) { types_ = types; }
  KnownTypes* types() const { return types_; }

  // Beside store and OpenAPI: two more that know of addresses. Both may be absent.
  void ask_also(cloud::Metadata* metadata, ipam::InUse in_use) {
    metadata_ = metadata;
    in_use_ = std::move(in_use);
  }
  cloud::Metadata* metadata() const { return metadata_; }
  const ipam::InUse& in_use() const { return in_use_; }

  // Says whether a NIC is in this node's own namespace, rather than in a pod or nowhere.
  using AtHome = std::function<base::Result<bool>(const base::Mac& nic)>;
  void look_for_nics(AtHome at_home) { at_home_ = std::move(at_home); }
  bool looks_for_nics() const { return static_cast<bool>(at_home_); }
  // True where nobody looks.
  base::Result<bool> is_at_home(const base::Mac& nic) const {
    return at_home_ ? at_home_(nic) : base::Result<bool>(true);
  }

  // `wanted` is asked before each wait: once it says true, pause() ends the duty, which then gives
  // way to something more urgent. All that was begun is written down.
  void give_way_when(std::function<bool()> wanted) { wanted_ = std::move(wanted); }

  // Things the admin should know though the duty went on.
  void notice(std::string line) { notices_.push_back(std::move(line)); }
  std::vector<std::string> take_notices();

 private:
  ipam::Store* store_;
  cloud::Client* client_;
  const Settings* settings_;
  Millis end_;
  Millis budget_;
  std::mt19937_64 random_;
  std::optional<Machine> machine_;
  KnownTypes* types_ = nullptr;
  cloud::Metadata* metadata_ = nullptr;
  ipam::InUse in_use_;
  AtHome at_home_;
  std::function<bool()> wanted_;
  std::vector<std::string> notices_;
};

// Whether a call that changes something can be judged by what the cloud shows now: it went through,
// or nobody knows, or the object was not in the right state.
bool state_will_tell(const base::Status& done);
// `done`, but success where the state will tell.
base::Status unless_state_tells(base::Status done);

// Tells "gone" from "not visible yet": looks that found nothing, kLag apart, with none between that
// found it.
class Absence {
 public:
  // One look found nothing. Whether that is enough.
  bool confirmed(const Duty& duty);
  void end() { since_.reset(); }

 private:
  std::optional<Millis> since_;
};

// What has to be sent again when nothing came of it.
class Repeat {
 public:
  // Whether `what` is to be sent now: it never was, another was meanwhile, or `after` has passed.
  bool due(const Duty& duty, std::string_view what, Millis after);
  // Whether `what` was sent last, and how often in a row.
  int times(std::string_view what) const { return last_ == what ? times_ : 0; }

 private:
  std::string last_;
  Millis at_{0};
  int times_ = 0;
};

// Nothing where the cloud says that there is no such ENI, which may only mean "not yet".
base::Result<std::optional<cloud::NetworkInterface>> look(Duty& duty, const std::string& eni);

}  // namespace catena::agent

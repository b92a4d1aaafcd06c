// The addresses of this node and who has them: one directory, one lock, safe against a kill at any
// instruction and a power cut. docs/store.md has the format and the reasons.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/ipam/cloud.h"
#include "common/ipam/range.h"

namespace catena::ipam {

// Who an address belongs to. The key is (container_id, if_name); the rest is for people, for
// garbage collection by network, and for finding the namespace again.
struct Owner {
  std::string container_id;
  std::string if_name;
  std::string network;  // the network's name in the configuration
  std::string netns;    // path at the time of ADD
  std::string pod;      // "namespace/name"; may be empty
};

enum class State : std::uint8_t {
  kFree,         // was used, may be handed out
  kReserved,     // an intent gives it back to the cloud, or waits for it
  kBound,        // a pod has it
  kCooling,      // freed a moment ago; not handed out yet
  kQuarantined,  // store and kernel disagree about it; never handed out
};
const char* name_of(State state);

struct Record {
  base::IpAddress address;
  std::string pool;  // the key of the range, later the id of the ENI
  State state = State::kFree;
  Owner owner;  // kBound and kReserved; of the others the last owner's
  // Grows by one every time the address gets an owner: tells two owners of one address apart.
  std::uint64_t generation = 0;
  std::chrono::nanoseconds since_boot{};          // CLOCK_BOOTTIME of the last change
  std::chrono::system_clock::time_point since{};  // the same for people
  std::string note;                               // why it is quarantined
};

// Whether the kernel knows of a pod or of the node itself at this address. Asked under the lock
// about every address before it is handed out: two independent facts must agree that it is free.
using InUse = std::function<base::Result<bool>(const base::IpAddress&)>;
// Record::note of one that InUse reported; such a quarantine ends when the kernel knows it no more,
// and with the boot.
inline constexpr std::string_view kInUseNote = "in use on this node when it was to be handed out";

struct Claim {
  Owner owner;
  std::vector<RangeSet> sets;
  // Wanted addresses (runtimeConfig.ips), at most one per set; empty: any.
  std::vector<base::IpAddress> wanted;
};

struct EniClaim {
  Owner owner;
  std::vector<base::Family> families;  // one address of each; not empty, each once
  // Wanted addresses (runtimeConfig.ips), at most one of each family; empty: any.
  std::vector<base::IpAddress> wanted;
  // Ids of ENIs that can't serve at the moment.
  std::vector<std::string> except;
};

// What a pod has of a shared ENI, or on an ENI of its own.
struct EniAttachment {
  Eni eni;
  std::vector<Record> records;  // in the order of EniClaim::families
};

// How many addresses of one family an ENI has in each state.
struct FamilyStock {
  std::uint64_t free = 0;     // may be handed out now
  std::uint64_t cooling = 0;  // will be within Options::cooling
  std::uint64_t bound = 0;
  std::uint64_t reserved = 0;
  std::uint64_t quarantined = 0;
};

struct EniStock {
  Eni eni;
  FamilyStock ipv4;
  FamilyStock ipv6;
  const FamilyStock& of(base::Family family) const {
    return family == base::Family::kIpv4 ? ipv4 : ipv6;
  }
  bool serves() const { return serves_pods(eni); }
  // Of an exclusive ENI: whether a pod has it.
  bool is_held() const { return ipv4.bound + ipv6.bound > 0; }
  // Whether claim_eni() could give it to a pod, or can once it has cooled.
  bool is_idle(const std::vector<base::Family>& families) const;
};

enum class IfBusy {
  kWait,  // Options::lock_patience
  kFail,  // kTryAgain at once when the lock is held at this moment
};

struct Options {
  std::chrono::milliseconds cooling{30'000};
  std::chrono::milliseconds lock_patience{10'000};
  const base::Clock* clock = &base::system_clock();
  // Replaces /proc/sys/kernel/random/boot_id in tests; empty: the machine's.
  std::string boot_id;
};

// Every call is one transaction: lock, read, decide, append a checksummed record, sync, unlock. Any
// number of processes and threads may each have a Store on one directory. Errors: kTryAgain for a
// full disk, an input/output error or a lock held too long; kIo for a directory that can't be
// written; kUnsupported for a store written by a newer release that this one can't read. After an
// error the store is as it was before the call, except that addresses found in use stay
// quarantined.
class Store {
 public:
  // Touches nothing yet; the directory is made by the first call that writes.
  Store(std::string directory, Options options);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // One address from each set, all or none, in the order of the sets. The same owner gets the same
  // addresses again. Prefers the address that was free for longest. An address that `in_use`
  // reports is quarantined and passed over. kTryAgain when a set has none left (naming the range
  // and what holds it) or a wanted one is taken; kBadConfig when a wanted one lies outside every
  // set; kExists when the owner holds addresses that the sets have no room for, or others than the
  // wanted ones.
  base::Result<std::vector<Record>> claim(const Claim& claim, const InUse& in_use);

  // One address of each family, all of one shared ENI that is in use, its primary one included: of
  // the ENI whose address of the first family was free for longest. Nothing when no ENI has them;
  // the caller makes the pool grow and tries again. The same owner gets the same addresses again.
  // `in_use` as for claim(). kTryAgain when a wanted address is taken, kBadConfig when no ENI has
  // it, kExists when the owner holds addresses that are not what it wants. Its cost depends on the
  // number of ENIs, not on that of addresses.
  base::Result<std::optional<EniAttachment>> claim_from_enis(const EniClaim& claim,
                                                             const InUse& in_use);

  // An exclusive ENI as a whole: one that is in use and that nobody has, free for longest, with its
  // primary address and one IPv6 address, as far as the families are asked for. Else as
  // claim_from_enis().
  base::Result<std::optional<EniAttachment>> claim_eni(const EniClaim& claim, const InUse& in_use);

  // Every ENI with its addresses, by id.
  base::Result<std::vector<EniStock>> stock(IfBusy if_busy = IfBusy::kWait);

  // The ENI that serves the attachment, exclusive ones too; nothing where it holds no address of
  // one.
  base::Result<std::optional<Eni>> eni_of(const std::string& container_id,
                                          const std::string& if_name);

  // What the attachment holds now; empty when nothing.
  base::Result<std::vector<Record>> find(const std::string& container_id,
                                         const std::string& if_name);

  // Frees what the attachment holds, but not an exclusive ENI, and says what that was; empty when
  // it held nothing, in which case nothing is written.
  base::Result<std::vector<Record>> release(const std::string& container_id,
                                            const std::string& if_name);
  // Frees the exclusive ENI that the attachment holds, and only that: its NIC must be at home, or
  // lost, so that the next pod can have it.
  base::Result<std::vector<Record>> release_eni(const std::string& container_id,
                                                const std::string& if_name);

  // Ends the quarantine of `address`, which then cools; one noted for quarantine stays where it is
  // and is free to be freed. kNotFound when it is in none.
  base::Status end_quarantine(const base::IpAddress& address);

  // Everything the store knows, by address.
  base::Result<std::vector<Record>> list();

  // How long `record` has been as it is; at most since the boot.
  std::chrono::nanoseconds age_of(const Record& record) const;

  // How many addresses a claim from `set` could choose from now; cooling ones do not count.
  // UINT64_MAX where it is more. Exact for ranges of up to 512 addresses, and for every range as to
  // whether there is one. Does not wait: kTryAgain when the lock is held at this moment.
  base::Result<std::uint64_t> available(const RangeSet& set);

  // ENIs, intents and route entries, and the addresses that come and go with ENIs.
  base::Status change(const CloudChange& change);
  // Costs in proportion to all that is stored: for those who wait for the cloud anyway.
  base::Result<CloudRecords> cloud();
  // Nothing when there is no such record.
  base::Result<std::optional<Route>> find_route(const base::Prefix& cidr);
  // Whether this boot has made sure of the entry for `cidr`.
  base::Result<bool> has_route(const base::Prefix& cidr);

  // What the last call found and mended ("journal damaged at byte 812, ... kept as ..."), for the
  // log.
  std::vector<std::string> take_notices();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace catena::ipam

// Which firewall takes NetworkPolicies' rules: nf_tables, by Policies, or iptables, by the program
// catena-xtables (docs/xtables.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/rules.h"

namespace catena::firewall {

enum class Backend : std::uint8_t { kAuto, kNftables, kIptables };

// Of "auto", "nftables" and "iptables"; nothing of any other word.
std::optional<Backend> backend_of(std::string_view word);
const char* name_of(Backend backend);

// Runs catena-xtables in the calling thread's namespace, for as long as it takes: it waits for the
// lock of the iptables commands. Any thread, any number of processes. Each call reads the tables
// anew and writes what differs, IPv4 and IPv6 one after the other. Errors: kUnsupported where the
// kernel lacks something, and where the host's own rules are iptables-nft's; kTryAgain where the
// lock was held for too long.
class Xtables {
 public:
  // The first of: each directory of `cni_path`, /opt/cni/bin, /usr/local/bin, /usr/bin that has it.
  // kNotFound names them.
  static base::Result<Xtables> find(const std::vector<std::string>& cni_path);
  explicit Xtables(std::string program) : program_(std::move(program)) {}

  // For a pod that has a NIC of its own: the rules are about this interface alone, of the calling
  // thread's namespace, which is the pod's. Place::kPodNic, without a guard.
  Xtables on_nic(std::string if_name) const;
  // How long the lock may be waited for; 5 s unless told.
  Xtables with_patience(std::chrono::seconds patience) const;

  // Success when host and kernel can do all of it. Changes nothing.
  base::Status can_do() const;
  // Exactly `want` afterwards.
  base::Status sync(const netpol::Rules& want) const;
  // The subjects of `some` are as it says afterwards, its sets too; all other subjects as they are.
  base::Status put(const netpol::Rules& some) const;
  // As put() of a subject that is isolated in both directions, with nothing allowed.
  base::Status close_subject(const std::string& id,
                             const std::vector<base::IpAddress>& addresses) const;
  // Success where there is none. Sets that only it used are left to the next sync().
  base::Status remove_subject(const std::string& id) const;
  // Every chain and set of ours.
  base::Status remove_all() const;

  // A sentence for each thing that is not as `want` says. Changes nothing.
  base::Result<std::vector<std::string>> differences(const netpol::Rules& want) const;
  // The same of the subjects of `some` alone (netpol::only).
  base::Result<std::vector<std::string>> differences_of(const netpol::Rules& some) const;
  // Ids of the subjects that are isolated in a direction: of others it keeps nothing.
  base::Result<std::vector<std::string>> subjects() const;

 private:
  base::Result<std::string> run(std::vector<std::string> words, std::string input) const;

  std::string program_;
  std::string nic_;  // empty: the node
  std::chrono::seconds patience_{5};
};

// kNftables or kIptables: the one that is wanted, if it can be had; of kAuto nftables wherever the
// kernel can do what Policies needs, else iptables. kUnsupported or kNotFound, with each one's
// reason, where there is neither; a failure that may pass is itself. A look of some milliseconds,
// of the calling thread's namespace: for a start, not for each ADD.
base::Result<Backend> choose(Backend wanted, const std::vector<std::string>& cni_path);

}  // namespace catena::firewall

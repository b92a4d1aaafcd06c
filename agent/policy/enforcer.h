// From objects and records to rules in the kernel, for the daemon and for one call alike.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/policy/cluster.h"
#include "agent/policy/kernel.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/result.h"
#include "common/netpol/record.h"

namespace catena::agent {

// One thread at a time, of the node's namespace.
class Enforcer {
 public:
  Enforcer(const std::string& state_dir, firewall::Backend backend)
      : state_dir_(state_dir), cluster_(state_dir), records_(state_dir), kernel_(backend) {}

  Cluster& cluster() { return cluster_; }
  const Cluster& cluster() const { return cluster_; }
  const netpol::Records& records() const { return records_; }
  PolicyKernel& kernel() { return kernel_; }
  const PolicyKernel& kernel() const { return kernel_; }

  // Held by whoever reads the snapshot and records and writes rules from them, until the rules are
  // written: a daemon and single calls may be at work at once.
  base::Result<base::FileLock> lock(const base::Deadline& deadline) const;

  // Makes the pods under policy those that have a record. Their addresses that nobody has any more
  // are in `left`.
  base::Status read_records(std::vector<std::string>& notices, std::set<base::IpAddress>& left);
  // A pod that a plugin asks for, whose record is written. Pods that had one of its addresses and
  // are gone are forgotten. Addresses that others had until now are in `taken`.
  base::Status put(const netpol::Record& record, std::vector<base::IpAddress>& taken);

  // Rules as objects and records say by now. With the lock held. The guard is opened for `entered`.
  // What could not be written is tried again by the next call; after an error that is all of it.
  // Whether there was something to write.
  base::Result<bool> write(const std::vector<const netpol::Record*>& entered = {});
  // write() compares everything with the kernel the next time.
  void doubt_all() { doubtful_ = true; }
  bool is_behind() const { return doubtful_ || !behind_.empty(); }
  bool has_written(const netpol::Record& record) const {
    return !doubtful_ && !behind_.contains(record.id());
  }
  // Pods with a NIC of their own whose rules inside could not be written, and why.
  const PolicyKernel::Unwritten& behind() const { return behind_; }
  // A pod can do away with what is inside it: looks at all that have a NIC of their own.
  void compare_nics();
  std::vector<std::string> take_notices();

 private:
  void write_snapshot();
  void forget(const netpol::Record& record);
  base::Status shut_gone();
  void rewrite(const std::vector<const netpol::Record*>& entered, netpol::Changes& changes);
  bool has_record(const std::string& id) const;
  void catch_up(const std::string& id);

  std::string state_dir_;
  Cluster cluster_;
  netpol::Records records_;
  PolicyKernel kernel_;
  PolicyKernel::Unwritten behind_;
  std::vector<netpol::Record> gone_;  // whose guards are to be shut
  bool doubtful_ = true;
  std::vector<std::string> notices_;
};

// What a pod's rules are, in the words of the duty policy.add.
struct Verdict {
  bool known = false;
  bool isolates_ingress = false;
  bool isolates_egress = false;
  int policies = 0;  // that select it
};
Verdict verdict_of(Cluster& cluster, const netpol::Record& record);

}  // namespace catena::agent

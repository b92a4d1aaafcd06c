// What the API server says of policies, namespaces and pods, and what follows for the pods of this
// node: a compiler and its snapshot, fed object by object.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/policy/snapshot.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/compiler.h"
#include "common/netpol/record.h"

namespace catena::agent {

// One thread at a time.
class Cluster {
 public:
  explicit Cluster(const std::string& state_dir) : snapshot_(state_dir) {}

  // Whether there was a snapshot to begin with. Before anything is put.
  base::Result<bool> load(std::vector<std::string>& notices);

  // An object as the API server has it. What can't be read of it is said in the error: a policy
  // then allows less than it should, anything else stays as it was.
  base::Status put(PolicyObject kind, const nlohmann::json& object);
  void remove(PolicyObject kind, const netpol::Key& key);
  void remove(PolicyObject kind, const nlohmann::json& object);
  static netpol::Key key_of(PolicyObject kind, const nlohmann::json& object);
  std::vector<netpol::Key> keys(PolicyObject kind) const;

  // Pods of this node under policy, by Record::id().
  const std::map<std::string, netpol::Record>& records() const { return records_; }
  // Its addresses are its own from now on, whoever had them: a pod that is gone may have a record
  // yet.
  void put(const netpol::Record& record);
  void remove_record(const std::string& id);
  // Whether the API server's object of this pod is there.
  bool knows(const netpol::Record& record) const;
  bool has_policies(const std::string& space) const;
  // Whether that is settled for this pod what its rules are: it is known, or nothing selects pods
  // of its namespace.
  bool is_settled(const netpol::Record& record) const;

  const netpol::Compiler& objects() const { return compiler_; }
  const netpol::Rules& rules() { return compiler_.rules(); }
  netpol::Changes take_changes() { return compiler_.take_changes(); }
  Snapshot& snapshot() { return snapshot_; }
  base::Status rewrite_snapshot() { return snapshot_.rewrite(compiler_); }

 private:
  base::Status put_policy(const nlohmann::json& object);
  void count(const std::string& space, int change);
  netpol::LocalPod local_of(const netpol::Record& record) const;
  void own_addresses(const netpol::Record& record);
  void disown_addresses(const netpol::Record& record);

  netpol::Compiler compiler_;
  Snapshot snapshot_;
  std::map<std::string, netpol::Record> records_;
  std::map<std::string, int> policies_;            // how many there are, by namespace
  std::map<base::IpAddress, std::string> owners_;  // ids of records
};

}  // namespace catena::agent

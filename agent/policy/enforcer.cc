#include "agent/policy/enforcer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace catena::agent {

using base::IpAddress;
using base::Result;
using base::Status;
using netpol::Record;

Result<base::FileLock> Enforcer::lock(const base::Deadline& deadline) const {
  const std::string path = state_dir_ + "/policy/lock";
  const std::string what = "wait for another agent's policies";
  auto lock = base::FileLock::acquire(path, deadline).context(what);
  if (lock.ok() || !lock.error().is(base::ErrorKind::kNotFound)) {
    return lock;
  }
  TRY(base::make_directories(state_dir_ + "/policy"));
  return base::FileLock::acquire(path, deadline).context(what);
}

Status Enforcer::read_records(std::vector<std::string>& notices, std::set<IpAddress>& left) {
  const std::vector<Record> all = TRY(records_.list(notices));
  std::set<std::string> found;
  std::ranges::transform(all, std::inserter(found, found.end()), &Record::id);
  for (const auto& [id, record] : PolicyRecords(cluster_.records())) {
    if (!found.contains(id)) {
      left.insert(record.addresses.begin(), record.addresses.end());
      forget(record);
    }
  }
  // Of two that have an address the one that was written last has it.
  for (const Record& record : all) {
    for (const IpAddress& address : record.addresses) {
      left.erase(address);
    }
    const auto known = cluster_.records().find(record.id());
    if (known == cluster_.records().end() || known->second != record) {
      cluster_.put(record);
    }
  }
  return {};
}

Status Enforcer::put(const Record& record, std::vector<IpAddress>& taken) {
  const auto shares_address = [&record](const Record& other) {
    return std::ranges::any_of(other.addresses, [&record](const IpAddress& address) {
      return std::ranges::find(record.addresses, address) != record.addresses.end();
    });
  };
  std::vector<Record> gone;
  for (const auto& [id, other] : cluster_.records()) {
    if (id == record.id() || !shares_address(other)) {
      continue;
    }
    std::ranges::copy(other.addresses, std::back_inserter(taken));
    if (!TRY(records_.find(other.container_id, other.if_name)).has_value()) {
      gone.push_back(other);
    }
  }
  std::ranges::for_each(gone, [this](const Record& other) { forget(other); });
  cluster_.put(record);
  return {};
}

void Enforcer::forget(const Record& record) {
  const std::string id = record.id();
  cluster_.remove_record(id);
  behind_.erase(id);
  gone_.push_back(record);
}

// Their guards were shut by whoever removed the records, and may have been opened again by rules
// that were written meanwhile. First, so that no pod is without rules while its guard is open.
Status Enforcer::shut_gone() {
  for (const Record& record : gone_) {
    TRY(kernel_.shut(record));
  }
  gone_.clear();
  return {};
}

// A pod may be added again after it was taken down, before that was noticed: what the kernel has of
// one that is being added is never taken for granted.
void Enforcer::rewrite(const std::vector<const Record*>& entered, netpol::Changes& changes) {
  const auto& subjects = cluster_.rules().subjects;
  for (const Record* record : entered) {
    const auto subject = subjects.find(record->id());
    if (subject == subjects.end()) {
      continue;
    }
    const auto [change, added] =
        changes.subjects.try_emplace(record->id(), netpol::Changes::SubjectChange{});
    if (added) {
      change->second.now = subject->second;
    }
    doubtful_ = doubtful_ || change->second.before.has_value();
  }
}

// Before the rules: a snapshot may be ahead of them, never behind.
void Enforcer::write_snapshot() {
  Snapshot& snapshot = cluster_.snapshot();
  if (Status written = snapshot.write(); !written.ok()) {
    notices_.push_back(
        std::move(written)
            .error()
            .append("; until it can be written, pods that start without an agent are treated as "
                    "onUnknown says")
            .text());
  }
}

// A plugin notes a pod before it closes it: then it is none of those that were read, but has a
// record.
bool Enforcer::has_record(const std::string& id) const {
  std::vector<std::string> notices;
  const auto records = records_.list(notices);
  // A pod that can't be told of stays closed.
  return !records.ok() || !notices.empty() ||
         std::ranges::any_of(*records, [&id](const Record& record) { return record.id() == id; });
}

Result<bool> Enforcer::write(const std::vector<const Record*>& entered) {
  write_snapshot();
  TRY(shut_gone());
  netpol::Changes changes = cluster_.take_changes();
  rewrite(entered, changes);
  if (!doubtful_ && changes.empty() && entered.empty() && behind_.empty()) {
    return false;
  }
  const netpol::Rules& rules = cluster_.rules();
  const PolicyRecords& records = cluster_.records();
  const auto keeps = [this](const std::string& subject) { return has_record(subject); };
  auto written = doubtful_ ? kernel_.sync(rules, records, keeps)
                           : kernel_.follow(changes, rules, records, entered, keeps);
  if (!written.ok()) {
    doubtful_ = true;
    return std::move(written).error();
  }
  const PolicyKernel::Unwritten late = std::exchange(behind_, std::move(written).value());
  if (!std::exchange(doubtful_, false)) {
    for (const auto& [id, error] : late) {
      catch_up(id);
    }
  }
  return true;
}

void Enforcer::catch_up(const std::string& id) {
  const auto record = cluster_.records().find(id);
  if (record == cluster_.records().end() || behind_.contains(id)) {
    return;
  }
  if (Status inside = kernel_.sync_nic(cluster_.rules(), record->second); !inside.ok()) {
    behind_.emplace(id, std::move(inside).error());
  }
}

void Enforcer::compare_nics() {
  for (const auto& [id, record] : cluster_.records()) {
    if (record.own_nic) {
      behind_.erase(id);
      catch_up(id);
    }
  }
}

std::vector<std::string> Enforcer::take_notices() { return std::exchange(notices_, {}); }

Verdict verdict_of(Cluster& cluster, const Record& record) {
  Verdict verdict;
  verdict.known = cluster.knows(record);
  const auto& subjects = cluster.rules().subjects;
  if (const auto subject = subjects.find(record.id()); subject != subjects.end()) {
    verdict.isolates_ingress = subject->second.ingress.has_value();
    verdict.isolates_egress = subject->second.egress.has_value();
  }
  const auto& pods = cluster.objects().pods();
  const auto pod = pods.find({record.pod_namespace, record.pod_name});
  if (!verdict.known || pod == pods.end()) {
    return verdict;
  }
  const auto& policies = cluster.objects().policies();
  for (auto policy = policies.lower_bound({record.pod_namespace, ""});
       policy != policies.end() && policy->first.first == record.pod_namespace; ++policy) {
    verdict.policies += policy->second.pods.matches(pod->second.labels) ? 1 : 0;
  }
  return verdict;
}

}  // namespace catena::agent
